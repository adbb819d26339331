"""atlas-hotfolder: files dropped into a folder go through Atlas Cloud's media API, results lie in another."""

__version__ = "0.1.0"
