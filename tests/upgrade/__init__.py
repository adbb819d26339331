"""A job table of the first released schema, and what this version makes of it."""
