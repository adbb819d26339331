"""What people are told of jobs and may do to them, the same by commands and on the page."""
