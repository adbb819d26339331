"""Kills: a daemon that ends at any system call, or at any moment under load, keeps every promise."""
