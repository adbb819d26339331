"""`python -m tests.bench.calls`: how many function calls the daemon makes for a job of a pile, by module.

Unlike times, these numbers are nearly the same on every machine and in every run: what a change gave can be seen
in them where processors are shared. Calls of C functions by Python code count too.
"""

import argparse
import json
import os
import re
import tempfile
from collections import Counter

from tests.bench import files
from tests.bench.processes import Child, child
from tests.bench.stage import Stage, prepared

_FIRST = 50
_LONGEST = 600.0
_LIBRARY = re.compile(r".*/(?:site-packages|python3\.\d+)/([^/]+?)(?:\.py)?(?:/.*)?$")


def measure(directory: str, count: int) -> Counter[str]:
    """Give the calls for a pile of `count` pictures, by module: packages of libraries, files of the daemon."""
    found: Counter[str] = Counter()
    with prepared(os.path.join(directory, "stage"), journal=False) as at:
        environment = {"ATLASCLOUD_API_KEY": "bench", "ATLASCLOUD_BASE_URL": at.url}
        command = ["run", "--config", at.config]
        with child("tests.bench.counted", command, at.log, environment) as daemon:
            _calls(at, daemon, 1, _FIRST, results=_FIRST)
            for path, calls in _calls(at, daemon, 1000, count, results=_FIRST + count).items():
                found[_module(path)] += calls
    return found


def _calls(at: Stage, daemon: Child, first: int, count: int, *, results: int) -> dict[str, int]:
    waiting = os.path.join(at.base, f"waiting-{first}")
    os.makedirs(at.inbox, exist_ok=True)
    for name in files.pile(waiting, first, count):
        os.rename(os.path.join(waiting, name), os.path.join(at.inbox, name))
    at.until_results(results, _LONGEST)
    daemon.say("calls")
    calls: dict[str, int] = json.loads(daemon.hear())
    return calls


def _module(path: str) -> str:
    library = _LIBRARY.match(path)
    return library[1] if library else "/".join(path.rpartition("/daemon/")[1:]).strip("/").replace("//", "/")


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calls", description=__doc__)
    parser.add_argument("--files", type=int, default=300, help="pictures in the pile (%(default)s)")
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory(prefix="hotfolder-calls-") as directory:
        found = measure(directory, count)
    print(f"{found.total() / count:8.0f}  calls for each job")
    for module, calls in found.most_common(40):
        print(f"{calls / count:8.1f}  {module}")


if __name__ == "__main__":
    main()
