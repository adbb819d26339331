"""A command of hotfolder whose function calls are counted: `python -m tests.bench.counted COMMAND …`.

For each line on its standard input it prints a line of JSON: the calls by file since the line before.
"""

import json
import sys
import threading
from collections import Counter
from types import FrameType
from typing import Any

_calls: Counter[str] = Counter()


def _count(frame: FrameType, event: str, _: Any) -> None:
    if event in {"call", "c_call"}:
        _calls[frame.f_code.co_filename] += 1


def _tell() -> None:
    for _ in sys.stdin:
        found = dict(_calls)
        _calls.clear()
        print(json.dumps(found), flush=True)


def main() -> None:
    """Run the command; all threads are counted but this one, which only waits while the daemon works."""
    from daemon.cli import main as hotfolder

    threading.Thread(target=_tell, daemon=True).start()
    threading.setprofile(_count)
    hotfolder()


if __name__ == "__main__":
    main()
