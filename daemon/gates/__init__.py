"""What stops spending, and what ends that: gates, piles and pauses, folders that are not there, probes."""
