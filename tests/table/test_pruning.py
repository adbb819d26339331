"""What a condition held goes on when it ends; notes stay until they are forgotten, and old jobs go."""

from typing import Any

from daemon.clock import Clock
from daemon.errors import Conflict
from daemon.states import Job, State
from daemon.table.store import Store
from tests.table.acts import add, brought_to, counted, in_threads


def test_a_condition_that_ends_sends_on_what_it_held(store: Store) -> None:
    held = [add(store, folder=folder) for folder in ("cats", "dogs", "cats")]
    held[0] = store.advance(held[0], State.HELD, "no", error_code="key", resume=State.QUEUED)
    held[1] = store.advance(
        brought_to(store, held[1], State.UPLOADED), State.HELD, "no", error_code="folder", resume=State.UPLOADED
    )
    held[2] = store.advance(held[2], State.HELD, "?", error_code="unknown_submit", resume=State.UPLOADED)
    assert store.release_held("folder", "cats") == 0
    assert store.release_held("folder", "dogs") == 1
    assert store.release_held("key") == 1
    after = [store.find(job.id) for job in held]
    assert [job and job.state for job in after] == [State.QUEUED, State.UPLOADED, State.HELD]
    assert all(job and job.error_code is None for job in after[:2])
    assert store.history(held[1].id)[-1].before is State.HELD


def test_notes_survive_and_are_forgotten(store: Store, url: str) -> None:
    store.note("pause:cats", 1.5)
    store.note("pause:100%", [1])
    store.note("mounts", {"/srv/\udcff": "/"})
    store.note("pause:cats", 2.5)
    other = Store(url, Clock())
    assert other.notes("pause:") == {"pause:cats": 2.5, "pause:100%": [1]}
    assert other.notes("pause:1%") == {}
    assert other.notes("mounts") == {"mounts": {"/srv/\udcff": "/"}}
    other.close()
    store.note("pause:cats", None)
    assert store.notes("pause:") == {"pause:100%": [1]}


def ended(store: Store, **changes: Any) -> Job:
    return store.amend(store.advance(add(store), State.FAILED, "no"), **changes)


def test_only_what_is_over_and_put_away_is_pruned(store: Store) -> None:
    kept = [
        add(store),
        store.advance(add(store), State.HELD, "no", error_code="key"),
        ended(store, in_inbox=False),
        ended(store, put_away=True),
        ended(store, put_away=True, in_inbox=False, finished_at=2000.0),
    ]
    gone = [ended(store, put_away=True, in_inbox=False, finished_at=1999.0) for _ in range(1100)]
    assert store.prune(2000.0) == len(gone)
    assert {job.id for job in store.listed()} == {job.id for job in kept}
    assert not any(store.history(job.id) for job in gone)
    assert all(store.history(job.id) for job in kept)
    assert +store.counts == counted(store)
    assert store.prune(2000.0) == 0


def test_what_is_tried_again_while_old_jobs_are_pruned_stays(store: Store) -> None:
    jobs = [ended(store, put_away=True, in_inbox=False, finished_at=1.0) for _ in range(40)]

    def again() -> list[int]:
        found = []
        for job in reversed(jobs):
            try:
                found.append(store.advance(job, State.QUEUED, "again", put_away=False).id)
            except Conflict:
                return found
        return found

    kept, pruned = in_threads([again, lambda: store.prune(2000.0)])
    assert {job.id for job in store.listed()} == set(kept)
    assert pruned == len(jobs) - len(kept)
    assert +store.counts == counted(store)
