"""Alembic's migrations of the job table; `schema.py` runs them."""
