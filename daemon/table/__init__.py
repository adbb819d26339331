"""The job table: its tables and their migrations, its file, and all that reads and writes rows."""
