"""The daemon as a whole, in this process and as processes of its own, against a sandbox."""
