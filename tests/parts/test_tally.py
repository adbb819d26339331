"""Counting what happens: each stage by its transitions, whatever the clock does."""

from daemon.events import BalanceKnown, Events, JobMoved
from daemon.states import Job, State, Transition
from daemon.web.tally import BOUNDS, Tally

S = State


def moved(events: Events, job_id: int, *way: tuple[State, float], folder: str = "cats") -> None:
    """Tell that a job made its way: each state, and when it came there."""
    before: State | None = None
    for state, at in way:
        job = Job(job_id, folder, state, "/in/a.jpg", None, "1:2:3", 2, "a/model", 1, way[0][1], at)
        events.publish(JobMoved(job, Transition(job_id, at, before, state, "")))
        before = state


def test_each_stage_is_timed_by_its_transitions() -> None:
    events, tally = Events(), Tally()
    tally.listen(events)
    tally.listen(events)  # once is enough
    way = (S.QUEUED, S.UPLOADING, S.UPLOADED, S.SUBMITTING, S.PROCESSING, S.DOWNLOADING, S.DONE)
    moved(events, 1, *zip(way, (0.0, 1.0, 1.2, 5.0, 5.7, 47.0, 50.0), strict=True))
    durations = tally.durations()
    assert {stage: round(each.total, 6) for (stage, _), each in durations.items()} == {
        "upload": 0.2,
        "submit": 0.7,
        "predict": 41.3,
        "download": 3.0,
        "whole": 50.0,
    }
    predict = durations["predict", "a/model"]
    assert predict.buckets[BOUNDS.index(60.0)] == sum(predict.buckets) == 1
    assert tally.ended() == {("cats", S.DONE): 1}
    assert tally.moved_at == 50.0


def test_what_waits_or_goes_back_is_no_stage() -> None:
    events, tally = Events(), Tally()
    tally.listen(events)
    moved(events, 1, (S.QUEUED, 0.0), (S.UPLOADING, 1.0), (S.QUEUED, 2.0), (S.UPLOADING, 60.0), (S.UPLOADED, 61.0))
    moved(events, 2, (S.PROCESSING, 0.0), (S.HELD, 9.0), (S.PROCESSING, 500.0), (S.FAILED, 501.0))
    (only,) = tally.durations().items()
    assert only[0] == ("upload", "a/model")
    assert only[1].total == 1.0
    assert tally.ended() == {("cats", S.HELD): 1, ("cats", S.FAILED): 1}
    assert set(tally._entered) == set()  # nothing is kept of jobs that are in no stage


def test_what_took_longest_and_a_clock_set_back_are_counted() -> None:
    events, tally = Events(), Tally()
    tally.listen(events)
    moved(events, 1, (S.PROCESSING, 0.0), (S.DOWNLOADING, 90_000.0))
    moved(events, 2, (S.PROCESSING, 5000.0), (S.DOWNLOADING, 10.0))
    predict = tally.durations()["predict", "a/model"]
    assert (predict.buckets[0], predict.buckets[-1], predict.total) == (1, 1, 90_000.0)


def test_the_balance_is_kept() -> None:
    events, tally = Events(), Tally()
    tally.listen(events)
    events.publish(BalanceKnown(12.5))
    assert tally.balance_usd == 12.5


def test_what_was_given_out_stays_as_it_was() -> None:
    events, tally = Events(), Tally()
    tally.listen(events)
    moved(events, 1, (S.PROCESSING, 0.0), (S.DOWNLOADING, 1.0))
    durations, ended = tally.durations(), tally.ended()
    moved(events, 2, (S.PROCESSING, 0.0), (S.DOWNLOADING, 1.0), (S.DONE, 2.0))
    assert sum(durations["predict", "a/model"].buckets) == 1
    assert not ended
