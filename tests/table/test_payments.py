"""What is paid is in the table: each payment once, at its day, also where a job was paid for again."""

from daemon.clock import Clock
from daemon.money.amounts import DAY
from daemon.states import Job, State
from daemon.table.store import Store
from tests.made import new_job

S = State
NOON = 20_000 * DAY + DAY / 2


def intended(store: Store, job: Job, spent_at: float, estimate: float | None) -> Job:
    """Bring a job to its intent."""
    way = [] if job.state is S.UPLOADED else [S.UPLOADING, S.UPLOADED]
    for state in way:
        job = store.advance(job, state, "a step", fingerprint="f")
    values = {"spent_at": spent_at, "estimate_usd": estimate, "cost_usd": None}
    after = store.intend(job, [], **values)
    assert after is not None
    return store.advance(after, S.SUBMITTING, "about to be sent")


def day(store: Store, number: int = 20_000) -> dict[str, float]:
    return {each.folder: each.counted for each in store.spending(number * DAY, (number + 1) * DAY)}


def test_a_payment_counts_with_its_estimate_until_its_cost_is_known(store: Store) -> None:
    (job,) = store.add([new_job()])
    job = intended(store, job, NOON, 0.08)
    (found,) = store.spending(NOON - 1, NOON + 1)
    assert (found.model, found.payments, found.known, found.estimated, found.unpriced) == ("m/1", 1, 0.0, 0.08, 0)
    store.advance(job, S.PROCESSING, "accepted", cost_usd=0.25)
    (found,) = store.spending(NOON - 1, NOON + 1)
    assert (found.known, found.estimated, found.counted) == (0.25, 0.0, 0.25)


def test_what_has_no_price_is_told_apart(store: Store) -> None:
    (job,) = store.add([new_job()])
    intended(store, job, NOON, None)
    (found,) = store.spending(NOON, NOON + 1)
    assert (found.payments, found.unpriced, found.counted) == (1, 1, 0.0)


def test_a_job_that_is_paid_again_keeps_its_earlier_payment(store: Store) -> None:
    (job,) = store.add([new_job()])
    job = intended(store, job, NOON - DAY, 0.08)
    job = store.advance(job, S.UPLOADED, "unknown, and sent again")
    job = intended(store, job, NOON, 0.08)
    assert (day(store, 19_999), day(store)) == ({"cats": 0.08}, {"cats": 0.08})
    job = store.advance(job, S.FAILED, "refused", spent_at=None, estimate_usd=None)
    assert (day(store, 19_999), day(store)) == ({"cats": 0.08}, {})
    store.amend(job, finished_at=1.0, put_away=True, in_inbox=False)
    assert store.prune(NOON) == 1
    assert day(store, 19_999) == {}


def test_a_restart_finds_what_was_spent(store: Store, url: str) -> None:
    for number in range(3):
        (job,) = store.add([new_job(f"/srv/in/cats/{number}.jpg", identity=f"{number}:1:1")])
        for state in (S.UPLOADING, S.UPLOADED):
            job = store.advance(job, state, "a step", fingerprint=str(number))
        assert store.intend(job, [], spent_at=NOON, estimate_usd=0.1) is not None
    store.close()
    again = Store(url, Clock())
    assert again.ledger.spent(20_000) == {"cats": 300_000}
    again.close()
