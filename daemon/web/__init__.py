"""The page: what the daemon does, each job with its pictures, and what a person may do about it.

Served on loopback by uvicorn in a thread of its own. Nothing of it is imported before the daemon is ready and the
configuration wants the page (`door.py`), and nothing of it waits in a thread that jobs need.
"""
