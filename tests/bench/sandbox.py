"""The sandbox as a process of its own, without delay: prints its base URL, then serves until SIGTERM."""

import json
import sys

from daemon.sandbox.server import serve


def main() -> None:
    """Serve with the settings (JSON) that the first argument gives."""
    serve(0, announce=lambda url: print(url, flush=True), **json.loads(sys.argv[1]))


if __name__ == "__main__":
    main()
