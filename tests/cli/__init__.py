"""The commands, as processes, against a sandbox."""
