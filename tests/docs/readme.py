"""Where the repository is; what the pages hold is in `pages.py`."""

from tests.docs.pages import ROOT

__all__ = ["ROOT"]
