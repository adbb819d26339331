"""What a file's bytes are, and whether they are all there; by parsing a few of them, never by decoding.

Intake asks before a file is recorded, the download before a result is shown. Both hold hostile files, so the
work done on one is bounded, and nothing of what it claims is trusted beyond its own length.
"""

from daemon.media.inspection import inspect
from daemon.media.kinds import Kind, Media, extension_for_mime

__all__ = ["Kind", "Media", "extension_for_mime", "inspect"]
