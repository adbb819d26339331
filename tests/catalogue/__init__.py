"""The catalogue that is kept on disk."""
