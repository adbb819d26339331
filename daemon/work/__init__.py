"""The work on jobs: due rows are claimed, a stage is run on each, and what comes of it is written."""
