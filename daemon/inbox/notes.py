"""What people are told of an inbox: each thing once, and the files that no rule takes."""

import threading
from collections.abc import Callable

#: Remembered per folder; what is beyond is neither listed nor told, so that memory stays small.
_MOST = 1000

OnNote = Callable[[str, str], None]


class Notes:
    """Tells (folder, message) once each, and keeps the list of unmatched files, which any thread may read."""

    def __init__(self, on_note: OnNote) -> None:
        self._on_note = on_note
        self._lock = threading.Lock()
        self._told: dict[str, dict[str, str]] = {}
        self._unmatched: dict[str, dict[str, None]] = {}
        self._short: dict[str, dict[str, None]] = {}
        self._walk: dict[str, set[str]] = {}  # what the walk under way has come by

    def tell(self, folder: str, message: str) -> None:
        """Tell something that is worth telling each time."""
        self._on_note(folder, message)

    def once(self, folder: str, about: str, why: str) -> None:
        """Tell `why` about a path or other thing, unless that was the last thing told about it."""
        told = self._told.setdefault(folder, {})
        if told.get(about) == why or (len(told) >= _MOST and about not in told):
            return
        told[about] = why
        self._on_note(folder, f"{shown(about)} {why}")

    def settled(self, folder: str, about: str) -> None:
        """Forget what was told about a thing, because it is over: if it comes again, it is told again."""
        self._told.get(folder, {}).pop(about, None)

    def unmatched(self, folder: str, path: str) -> None:
        """Note a file that no pattern fits."""
        with self._lock:
            listed = self._unmatched.setdefault(folder, {})
            known = path in listed
            if not known and len(listed) >= _MOST:
                return
            listed[path] = None
        if folder in self._walk:
            self._walk[folder].add(path)
        if known:
            return
        self._on_note(folder, f"{shown(path)} fits no pattern of this folder; it stays where it is")

    def short(self, folder: str, path: str, patience: float) -> None:
        """Note a file that ends early so far and waits for its rest, `patience` seconds after its last change."""
        with self._lock:
            listed = self._short.setdefault(folder, {})
            if path in listed or len(listed) >= _MOST:
                return
            listed[path] = None
        why = f"ends early so far; it waits for its rest, up to {patience:g} s without change"
        self._on_note(folder, f"{shown(path)} {why}")

    def no_longer_short(self, folder: str, path: str) -> None:
        """Drop a file from the list of those that end early: it was taken, or is gone."""
        with self._lock:
            self._short.get(folder, {}).pop(path, None)

    def walk_begins(self, folder: str) -> None:
        """Begin to gather anew what is unmatched: a walk over the whole folder starts."""
        self._walk[folder] = set()

    def walk_ends(self, folder: str) -> None:
        """Drop from the list what the walk did not come by, as it is gone."""
        seen = self._walk.pop(folder, set())
        with self._lock:
            listed = self._unmatched.get(folder, {})
            self._unmatched[folder] = {path: None for path in listed if path in seen}

    def forget(self, folder: str) -> None:
        """Forget all about a folder, whose rule has changed or gone."""
        self._told.pop(folder, None)
        self._walk.pop(folder, None)
        with self._lock:
            self._unmatched.pop(folder, None)
            self._short.pop(folder, None)

    def all_short(self) -> dict[str, list[str]]:
        """Give the files that end early so far, by folder, at most a thousand each; absolute paths."""
        with self._lock:
            return {folder: list(paths) for folder, paths in self._short.items() if paths}

    def all_unmatched(self) -> dict[str, list[str]]:
        """Give the unmatched files by folder, at most a thousand each; absolute paths."""
        with self._lock:
            return {folder: list(paths) for folder, paths in self._unmatched.items() if paths}


def shown(path: str) -> str:
    """Write a path of any bytes on one line."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
