"""The running daemon: built from the settings, started, kept up, reloaded, stopped, reached by commands."""
