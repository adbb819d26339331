"""The store's promises: legal steps, one winner for each row, counts and histories that are true."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.clock import Clock
from daemon.errors import Conflict
from daemon.states import FINAL, TRANSITIONS, Job, State, allowed
from daemon.table.store import Store
from tests.made import NAMES, new_job
from tests.table.acts import add, brought_to, counted, in_threads, number

#: The store lives on from one example to the next; each example's jobs are its own.
ON_ONE_TABLE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


# Steps


@ON_ONE_TABLE
@given(st.lists(st.sampled_from(State), max_size=25))
def test_no_walk_leaves_the_table_of_transitions(store: Store, steps: list[State]) -> None:
    job = add(store)
    before = store.counts.copy()
    seen = [State.QUEUED]
    for to in steps:
        if allowed(job.state, to):
            job = store.advance(job, to, f"to {to}")
            seen.append(to)
            assert (job.finished_at is not None) is (to in FINAL)
        else:
            with pytest.raises(ValueError, match="can't go"):
                store.advance(job, to, "no")
    assert store.find(job.id) == job
    assert job.version == len(seen) - 1
    history = store.history(job.id)
    assert [line.after for line in history] == seen
    assert [line.before for line in history] == [None, *seen[:-1]]
    moved = +(before - Counter([("cats", State.QUEUED)]) + Counter([("cats", job.state)]))
    assert +store.counts == moved


@pytest.mark.parametrize("act", ["advance", "amend", "claim_one", "settle"])
@pytest.mark.parametrize("meanwhile", ["advance", "amend", "claim", "settle"])
def test_a_row_that_was_changed_meanwhile_is_a_conflict(store: Store, act: str, meanwhile: str) -> None:
    acts: dict[str, Callable[[Job], Any]] = {
        "advance": lambda job: store.advance(job, State.UPLOADING, "on"),
        "amend": lambda job: store.amend(job, due_at=1.0),
        "claim_one": lambda job: store.claim_one(job, by="me"),
        "claim": lambda _: store.claim([State.QUEUED], ["cats"], by="me", most=1),
        "settle": lambda job: store.settle_original(job, "f", "s"),
    }
    job = add(store)
    acts[meanwhile](job)
    now, history, counts = store.find(job.id), store.history(job.id), store.counts.copy()
    with pytest.raises(Conflict):
        acts[act](job)
    assert (store.find(job.id), store.history(job.id), store.counts) == (now, history, counts)


def test_of_many_that_move_a_row_one_does(store: Store) -> None:
    job = add(store)

    def move() -> bool:
        try:
            store.advance(job, State.UPLOADING, "mine")
        except Conflict:
            return False
        return True

    assert sum(in_threads([move] * 8)) == 1
    assert [line.after for line in store.history(job.id)] == [State.QUEUED, State.UPLOADING]


@ON_ONE_TABLE
@given(st.dictionaries(st.sampled_from(["prompt", "params"]), st.text() | st.floats(allow_nan=False)), NAMES)
def test_what_is_written_is_what_is_read(store: Store, request: dict[str, Any], name: str) -> None:
    job = add(store)
    path = f"/srv/out/{name}"
    after = store.amend(
        job, request=request, outputs=(path,), result_urls=("data:",), lies_at=path, error_message=None
    )
    assert after.outputs == (path,)
    assert store.find(job.id) == after


def test_all_is_on_disk_when_it_returns(store: Store, url: str) -> None:
    works = [lambda: brought_to(store, add(store), State.DOWNLOADING) for _ in range(12)]
    written = {job.id: job for job in in_threads(works)}
    other = Store(url, Clock())  # another process' view; the first is not closed, as after a kill
    assert {job.id: job for job in other.listed()} == written
    assert +other.counts == +store.counts == Counter({("cats", State.DOWNLOADING): 12})
    other.close()


def test_counts_are_true_after_many_threads(store: Store) -> None:
    def live(seed: int) -> None:
        for step in range(12):
            job = add(store, folder=f"f{(seed + step) % 3}")
            for choice in range(seed % 5 + step % 4):
                job = store.advance(
                    job, sorted(TRANSITIONS[job.state])[choice % len(TRANSITIONS[job.state])], "on"
                )
                if job.state is State.DONE:
                    break
            if step % 5 == 4:
                store.release_held("key")
                store.claim([State.QUEUED], [f"f{seed % 3}"], by="none", most=1, become=State.UPLOADING)

    def careless(seed: int) -> None:
        try:
            live(seed)
        except Conflict:  # another thread took the row
            careless(seed + 7)

    in_threads([partial(careless, seed) for seed in range(6)])
    assert +store.counts == counted(store)
    kept = store.counts.copy()
    store.recount()
    assert +store.counts == +kept


# Adding


def test_a_file_is_live_once(store: Store) -> None:
    new = new_job("/srv/in/cats/a.jpg")
    assert sum(len(added) for added in in_threads([lambda: store.add([new, new])] * 6)) == 1
    (job,) = store.listed()
    assert store.add([new_job("/srv/in/cats/a.jpg", identity="1:2:4")])  # other content in its place
    assert store.add([new_job("/srv/in/cats/a.jpg", folder="dogs")])
    store.amend(job, in_inbox=False)
    assert store.add([new])  # put away, and dropped again


def test_a_file_with_a_fault_is_failed_from_the_start(store: Store) -> None:
    (job,) = store.add([new_job(fault_code="empty", fault_message="The file is empty.")])
    assert (job.state, job.error_code, job.resume) == (State.FAILED, "empty", State.QUEUED)
    assert job.finished_at is not None
    assert store.find(job.id) == job
    (line,) = store.history(job.id)
    assert (line.before, line.after, line.reason) == (None, State.FAILED, "The file is empty.")
    assert [found.id for found in store.to_put_away(9)] == [job.id]


@ON_ONE_TABLE
@given(st.lists(NAMES, min_size=1, max_size=20, unique=True))
def test_names_of_any_bytes_survive(store: Store, names: list[str]) -> None:
    folder = f"f{next(number)}"
    sources = [f"/srv/in/{folder}/{name}" for name in names]
    added = store.add([new_job(source, folder=folder) for source in sources])
    assert [job.source for job in added] == sources
    assert store.known(folder, [*sources, f"/srv/in/{folder}/not/there"]) == {
        source: {"1:2:3"} for source in sources
    }
    assert {job.source for job in store.listed(folder=folder)} == set(sources)
    assert store.known("another", sources) == {}
    assert store.add([new_job(source, folder=folder) for source in sources]) == []


# Equal files


def test_of_equal_files_at_once_exactly_one_is_paid_for(store: Store) -> None:
    jobs = [add(store) for _ in range(12)]
    settled = in_threads([partial(store.settle_original, job, "f", "s") for job in jobs])
    originals = [job for job, original in settled if original is None]
    assert len(originals) == 1
    assert {original.id for _, original in settled if original} == {originals[0].id}
    assert {job.twin_of for job, original in settled if original} == {originals[0].id}


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_one_that_failed_stands_for_no_other(store: Store, state: State) -> None:
    first, second = add(store), add(store)
    first, _ = store.settle_original(first, "f", "s")
    store.advance(first, state, "no")
    assert store.settle_original(second, "f", "s")[1] is None


def test_a_twin_is_woken_when_its_original_ends(store: Store) -> None:
    first, second = add(store), add(store)
    first, _ = store.settle_original(first, "f", "s")
    second, original = store.settle_original(second, "f", "s")
    assert original is not None
    assert original.id == first.id
    store.amend(second, due_at=1e12)
    assert [job.id for job in store.claim([State.QUEUED], ["cats"], by="me", most=9)] == [first.id]
    first = store.find(first.id) or first
    brought_to(store, first, State.DONE)
    assert [job.id for job in store.claim([State.QUEUED], ["cats"], by="me", most=9)] == [second.id]


def test_a_file_is_not_its_own_original(store: Store) -> None:
    job, _ = store.settle_original(add(store), "f", "s")
    assert store.settle_original(job, "f", "s")[1] is None
