"""What is claimed, by whom and in which order, and what the table answers when it is asked."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from daemon.clock import Clock
from daemon.errors import Conflict
from daemon.states import Job, State
from daemon.table.queries import Queries
from daemon.table.store import Store
from tests.made import new_job

FOLDERS = ("cats", "dogs", "birds")


def fill(store: Store, folder: str, count: int) -> list[Job]:
    return store.add([new_job(f"/srv/in/{folder}/{number}.jpg", folder=folder) for number in range(count)])


def claimed(store: Store, *folders: str, most: int = 99, by: str = "me", newest: bool = False) -> list[int]:
    found = store.claim([State.QUEUED], folders or FOLDERS, by=by, most=most, newest=newest)
    return [job.id for job in found]


# Claims


@pytest.mark.parametrize("become", [None, State.UPLOADING])
def test_no_two_claimants_get_the_same_row(store: Store, become: State | None) -> None:
    jobs = [job.id for folder in FOLDERS for job in fill(store, folder, 60)]

    def claimant(name: str) -> list[Job]:
        mine: list[Job] = []
        while found := store.claim([State.QUEUED], FOLDERS, by=name, most=7, become=become):
            mine += found
        return mine

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(claimant, [f"daemon-{number}" for number in range(8)]))
    assert sorted(job.id for mine in found for job in mine) == jobs
    for name, mine in enumerate(found):
        assert {job.claimed_by for job in mine} <= {f"daemon-{name}"}
    assert {job.state for job in store.listed()} == {become or State.QUEUED}
    expected = [State.QUEUED] if become is None else [State.QUEUED, become]
    assert [line.after for line in store.history(jobs[0])] == expected


def test_two_daemons_on_one_table_get_different_rows(store: Store, url: str) -> None:
    jobs = [job.id for job in fill(store, "cats", 100)]
    other = Store(url, Clock())

    def all_of(claimant: Store) -> list[int]:
        mine: list[int] = []
        while found := claimed(claimant, most=3, by=str(id(claimant))):
            mine += found
        return mine

    with ThreadPoolExecutor(2) as pool:
        one, another = pool.map(all_of, [store, other])
    other.close()
    assert sorted(one + another) == jobs


def test_a_claim_ends_with_the_next_step_unless_it_is_kept(store: Store) -> None:
    (job,) = fill(store, "cats", 1)
    (job,) = store.claim([State.QUEUED], ["cats"], by="me", most=1)
    job = store.amend(job, claimed_by="me", polls=1)
    assert claimed(store) == []
    with pytest.raises(Conflict, match="being worked on"):
        store.claim_one(job, by="another")
    job = store.advance(job, State.UPLOADING, "on", claimed_by="me")
    job = store.advance(job, State.QUEUED, "back")
    assert job.claimed_by is None
    assert claimed(store) == [job.id]


def test_the_claims_of_the_dead_are_freed(store: Store, url: str) -> None:
    jobs = fill(store, "cats", 3)
    assert len(claimed(store)) == 3
    after_a_kill = Store(url, Clock())
    assert claimed(after_a_kill) == []
    after_a_kill.end_leases(3600.0)
    assert claimed(after_a_kill) == [job.id for job in jobs]
    after_a_kill.close()


def test_what_is_due_later_is_left(store: Store) -> None:
    first, second, third = fill(store, "cats", 3)
    store.amend(first, due_at=1e12)
    store.amend(second, due_at=1.0)
    store.amend(third, due_at=2.0)
    assert claimed(store, most=1, newest=True) == [third.id]
    assert claimed(store) == [second.id]
    now = Clock().now()
    assert store.next_due([State.QUEUED], after=now) == 1e12
    assert store.next_due([State.PROCESSING], after=now) is None
    assert store.still_moving("cats", ())
    assert not store.still_moving("cats", {State.QUEUED, State.UPLOADING})
    assert not store.still_moving("dogs", ())


def test_folders_come_in_the_order_they_are_named(store: Store) -> None:
    cats, dogs = fill(store, "cats", 2), fill(store, "dogs", 2)
    assert claimed(store, "dogs", "cats", most=3) == [dogs[0].id, dogs[1].id, cats[0].id]
    assert claimed(store, "birds") == []
    assert claimed(store, "cats", most=0) == []
    assert claimed(store, "cats") == [cats[1].id]


def test_what_is_put_away_is_never_claimed(store: Store) -> None:
    (job,) = fill(store, "cats", 1)
    job = store.advance(job, State.FAILED, "no")
    assert [found.id for found in store.to_put_away(9)] == [job.id]
    job = store.amend(job, due_at=1e12)
    assert store.to_put_away(9) == []
    store.amend(job, due_at=0.0, put_away=True)
    assert store.to_put_away(9) == []
    assert store.claim([State.FAILED], ["cats"], by="me", most=1) == []


# Questions


def test_jobs_are_listed_newest_first(store: Store) -> None:
    cats, dogs = fill(store, "cats", 3), fill(store, "dogs", 2)
    store.advance(cats[0], State.FAILED, "no")
    ids = [job.id for job in cats + dogs]
    assert [job.id for job in store.listed()] == ids[::-1]
    assert [job.id for job in store.listed(limit=2)] == ids[:2:-1]
    assert [job.id for job in store.listed(folder="dogs")] == [dogs[1].id, dogs[0].id]
    assert [job.id for job in store.listed(state=State.FAILED, folder="cats")] == [cats[0].id]
    assert store.find(10**9) is None


def test_more_paths_can_be_asked_for_than_one_statement_takes(store: Store) -> None:
    fill(store, "cats", 1200)
    asked = [f"/srv/in/cats/{number}.jpg" for number in range(2500)]
    assert set(store.known("cats", asked)) == set(asked[:1200])


def test_what_was_spent_is_in_the_table(store: Store) -> None:
    for seconds, job in enumerate(fill(store, "cats", 4)):
        spent = {"spent_at": 100.0 + seconds, "cost_usd": 0.25} if seconds else {}
        store.amend(job, **spent)
    assert [each.counted for each in store.spending(102.0, 200.0)] == [0.5]
    assert store.spending(1e12, 1e13) == []


def test_a_command_reads_while_the_daemon_writes(store: Store, url: str) -> None:
    reader = Queries(url, Clock())
    fill(store, "cats", 3)
    assert len(reader.listed()) == 3
    assert reader.counts["cats", State.QUEUED] == 0
    reader.recount()
    assert reader.counts["cats", State.QUEUED] == 3
    reader.close()
