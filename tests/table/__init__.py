"""Tests of the job table, on real SQLite files."""
