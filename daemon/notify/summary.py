"""The daily summary, from the table and the gates."""

from daemon.clock import Clock
from daemon.gates.gate import Gates
from daemon.notify.words import Message, summary
from daemon.table.store import Store

_DAY = 86400.0


def summary_of(store: Store, gates: Gates, clock: Clock, host: str) -> Message:
    """Say what the last 24 hours brought, and what is in the way now."""
    now = clock.wall()
    since = now - _DAY
    return summary(
        host,
        ended=store.ended_since(since),
        counts=dict(store.counts),
        spent_usd=sum(each.counted for each in store.spending(since, now)),
        gates=[gate.reason for gate in gates.closed()],
    )
