"""Telling events: whoever listens hears them all, and no listener's trouble reaches who tells."""

import logging
import threading

import pytest

from daemon.clock import Clock
from daemon.events import Event, Events, GateClosed, GateOpened, JobMoved
from daemon.gates.gate import Gates
from daemon.states import NewJob, State
from daemon.table.store import Store

OPENED = GateOpened("key", "")


def test_whoever_listens_hears_until_they_stop() -> None:
    events, heard = Events(), list[Event]()
    assert not events.heard
    stop = events.subscribe(heard.append)
    assert events.heard
    events.publish(OPENED)
    stop()
    stop()  # again does no harm
    assert not events.heard
    events.publish(OPENED)
    assert heard == [OPENED]


def test_a_listener_that_fails_is_told_of_once_and_hinders_nobody(caplog: pytest.LogCaptureFixture) -> None:
    events, heard = Events(), list[Event]()

    def fail(_: Event) -> None:
        raise RuntimeError("out of order")

    events.subscribe(fail)
    events.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        events.publish(OPENED)
        events.publish(OPENED)
    assert heard == [OPENED, OPENED]
    assert [record.message for record in caplog.records] == ["a listener failed at an event; the work goes on"]


def test_listeners_come_and_go_while_events_are_told() -> None:
    events, ended = Events(), threading.Event()

    def come_and_go() -> None:
        for _ in range(200):
            events.subscribe(lambda _: None)()
        ended.set()

    heard: list[Event] = []
    events.subscribe(heard.append)
    thread = threading.Thread(target=come_and_go)
    thread.start()
    told = 0
    while not ended.is_set() or told < 10:
        events.publish(OPENED)
        told += 1
    thread.join()
    assert len(heard) == told


def test_the_table_tells_each_transition_once_it_is_on_disk(tmp_path: object) -> None:
    events, heard = Events(), list[Event]()
    store = Store(f"sqlite:///{tmp_path}/jobs.db", Clock(), events)
    try:

        def listen(event: Event) -> None:
            assert isinstance(event, JobMoved)
            row = store.find(event.job.id)
            assert row is not None
            assert row.state is event.transition.after
            heard.append(event)

        events.subscribe(listen)
        job = store.add([NewJob("cats", "/in/cat.jpg", "1:2:3", 2, "a/model")])[0]
        claimed = store.claim([State.QUEUED], ["cats"], by="me", most=1, become=State.UPLOADING)[0]
        store.advance(claimed, State.UPLOADED, "is there")
        moves = [event.transition for event in heard if isinstance(event, JobMoved)]
        assert [(move.job_id, move.before, move.after) for move in moves] == [
            (job.id, None, State.QUEUED),
            (job.id, State.QUEUED, State.UPLOADING),
            (job.id, State.UPLOADING, State.UPLOADED),
        ]
    finally:
        store.close()


def test_gates_tell_when_they_close_and_open_and_not_while_they_stay() -> None:
    events, heard = Events(), list[Event]()
    events.subscribe(heard.append)
    gates = Gates(events)
    gates.close("folder", "is gone", now=0.0, scope="cats")
    gates.close("folder", "is still gone", now=1.0, scope="cats")
    gates.open("folder", "cats", now=2.0)
    gates.open("folder", "cats", now=3.0)
    gates.close("folder", "is gone", now=4.0, scope="cats")
    assert heard == [
        GateClosed("folder", "cats", "is gone", relapsed=False),
        GateOpened("folder", "cats"),
        GateClosed("folder", "cats", "is gone", relapsed=True),
    ]
