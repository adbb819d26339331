"""Whether anything can still move without a person, a new file, or the end of a condition: for `run --once`."""

from collections.abc import Iterable

from daemon.atlas.pacing import Pacing
from daemon.gates.gate import Gates, Need
from daemon.inbox.intake import Inbox
from daemon.states import State
from daemon.table.store import Store
from daemon.work.worker import Worker

#: Seconds for which an API that can't be reached is waited for: it may be back in a moment.
_MAY_COME_BACK = 30.0
_SPENDING = frozenset({State.QUEUED, State.UPLOADING, State.UPLOADED})
_FETCHING = frozenset({State.PROCESSING, State.DOWNLOADING})


def at_rest(
    inbox: Inbox, worker: Worker, store: Store, gates: Gates, pacing: Pacing, folders: Iterable[str], now: float
) -> bool:
    """Tell whether nothing in `folders` can move by itself; `now` in seconds since the epoch."""
    if not (inbox.quiet() and worker.quiet()) or pacing.opens_next(now) is not None:
        return False
    if any(gate.code == "unreachable" and now - gate.since < _MAY_COME_BACK for gate in gates.closed()):
        return False
    if any(store.still_moving(folder, _stopped(gates, folder)) for folder in folders):
        return False
    return worker.quiet()  # once more: what one pool did may have woken another


def _stopped(gates: Gates, folder: str) -> frozenset[State]:
    """Give the states in which this folder's jobs can't go on while the present gates are closed."""
    stopped = frozenset() if gates.lets(Need.SPEND, [folder]) else _SPENDING
    return stopped if gates.lets(Need.FETCH, [folder]) else stopped | _FETCHING
