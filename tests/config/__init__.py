"""Tests of the configuration and of what `check` finds."""
