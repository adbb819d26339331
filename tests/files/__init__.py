"""Tests of what is done to files, in real directories and on real mounts."""
