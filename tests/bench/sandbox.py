"""The sandbox as a process of its own: prints its base URL, then answers each line it is sent with one of JSON.

`requests` gives the number of requests by second (since the epoch), `submits` that of the accepted submits,
`predictions` what became of each prediction, `forget` empties the journal. It ends with its standard input,
or with SIGTERM.
"""

import json
import signal
import sys
from collections import Counter
from typing import Any

from daemon.sandbox.server import Sandbox


def predictions(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Give, of each prediction in the journal, when it was made and ready, and when it was asked for since then.

    Times are seconds since the epoch.
    """
    known = sandbox._house.world.predictions
    asked: dict[str, list[float]] = {}
    for entry in sandbox.journal():
        if entry.prediction_id in known and entry.call in {"submit", "poll"}:
            asked.setdefault(entry.prediction_id or "", [])
        if entry.call == "poll" and entry.prediction_id in asked:
            asked[entry.prediction_id].append(entry.at)
    return [
        {"made": known[key].made_at, "ready": known[key].ready_at, "asked": times} for key, times in asked.items()
    ]


def main() -> None:
    """Serve with the settings (JSON) that the first argument gives."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # its directory is removed on the way out
    with Sandbox(**json.loads(sys.argv[1])) as sandbox:
        print(sandbox.url, flush=True)
        for line in sys.stdin:
            answer: Any = None
            match line.strip():
                case "requests":
                    answer = Counter(int(entry.at) for entry in sandbox.journal())
                case "submits":
                    answer = len(sandbox.submits())
                case "predictions":
                    answer = predictions(sandbox)
                case "forget":
                    sandbox.clear_journal()
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
