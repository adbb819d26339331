"""How a file becomes a job: names, events, scans, settling, intake."""
