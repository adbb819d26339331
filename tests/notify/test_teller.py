"""The daemon tells people what happens: grouped, in its own time, and never in the way of a job."""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from daemon.clock import Clock
from daemon.config import Notify
from daemon.events import BalanceKnown, Events
from daemon.gates.gate import Gates
from daemon.notify.teller import Teller
from daemon.states import NewJob, State
from daemon.table.store import Store
from tests.notify.receiver import Receiver, receiving
from tests.support import wait_for


class Desk:
    """A teller with what it stands on; time passes as a test says."""

    def __init__(self, base: object) -> None:
        self.clock, self.events = Clock(), Events()
        self.store = Store(f"sqlite:///{base}/jobs.db", self.clock, self.events)
        self.gates = Gates(self.events)
        self._files = 0
        self._new()

    def _new(self) -> None:
        self.teller = Teller(self.store, self.events, self.clock, self.gates, chance=lambda: 0.5)

    def begin(self, *urls: str, **values: object) -> None:
        self.teller.listen(Notify.model_validate({"urls": urls, **values}))
        self.teller.start()

    def restart(self, *urls: str, **values: object) -> None:
        self.teller.stop()
        self._new()
        self.begin(*urls, **values)

    def fail(self, number: int, folder: str = "cats", code: str = "bad_request") -> None:
        """Record so many files that fail from the start."""
        new = []
        for _ in range(number):
            self._files += 1
            name = f"/in/{folder}/{self._files}.jpg"
            new.append(NewJob(folder, name, f"{self._files}:2:3", 2, "a/model", None, True, code, "no picture"))
        self.store.add(new)

    def hold(self, code: str) -> None:
        self._files += 1
        job = self.store.add([NewJob("cats", f"/in/{self._files}.jpg", f"{self._files}:2:3", 2, "a/model")])[0]
        self.store.advance(
            job, State.HELD, "held", error_code=code, error_message="Nobody knows.", resume=State.QUEUED
        )

    def noted(self) -> Any:
        """Give what is kept for the next process."""
        return self.store.notes("notify").get("notify", {"groups": {"piles": []}, "unsent": [[]]})

    def until_failed(self, url: str, times: int) -> None:
        """Wait until so many tries in a row to send to `url` have failed."""

        def failures() -> int:
            post = self.teller._mailing._posts.get(url)
            return 0 if post is None else post.failures

        wait_for(lambda: failures() >= times, 20, f"failure {times}")

    def let_pass(self, seconds: float) -> None:
        self.clock._offset += seconds
        self.teller._woken.set()


@pytest.fixture
def desk(tmp_path: object) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.teller.stop()
    thread = made.teller._thread
    if thread is not None:
        thread.join(20)
    made.store.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_without_an_address_nobody_listens_and_no_thread_runs(desk: Desk) -> None:
    desk.begin()
    assert not desk.events.heard
    assert desk.teller._thread is None
    assert desk.teller.flush(0.0)


def test_a_pile_of_failures_is_one_message(desk: Desk, receiver: Receiver) -> None:
    desk.begin(receiver.url)
    desk.fail(37)
    assert receiver.got == []
    desk.let_pass(11)
    wait_for(lambda: receiver.got, 20, "the message")
    assert receiver.titles[0].endswith("37 files failed in cats")
    assert "the first: 1.jpg: no picture" in receiver.got[0]["message"]
    desk.fail(5)
    desk.let_pass(200)
    desk.let_pass(200)
    wait_for(lambda: len(receiver.got) == 2, 20, "the second message")
    assert receiver.titles[1].endswith("5 files failed in cats")


def test_a_gate_is_told_once_and_the_jobs_that_it_holds_are_not(desk: Desk, receiver: Receiver) -> None:
    desk.begin(receiver.url)
    desk.gates.close("key", "The key is refused.", now=0.0)
    desk.gates.close("pause", "paused by a person", now=0.0)
    for _ in range(3):
        desk.hold("key")
    desk.hold("unknown_submit")
    desk.let_pass(11)
    wait_for(lambda: receiver.got, 20, "the message")
    assert "The key is refused" in receiver.titles[0]
    assert "1 file held in cats" in receiver.got[0]["message"]
    assert "paused" not in receiver.text
    desk.gates.open("key", now=0.0)
    desk.let_pass(400)
    wait_for(lambda: len(receiver.got) == 2, 20, "that it is over")
    assert "accepted again" in receiver.titles[1]


def test_only_what_was_asked_for_is_told(desk: Desk, receiver: Receiver) -> None:
    desk.begin(receiver.url, events=["key"])
    desk.fail(3)
    desk.hold("unknown_submit")
    desk.gates.close("folder", "is gone", now=0.0, scope="cats")
    desk.gates.close("key", "The key is refused.", now=0.0)
    desk.let_pass(11)
    wait_for(lambda: receiver.got, 20, "the message")
    assert receiver.titles == [receiver.titles[0]]
    assert "failed" not in receiver.text
    assert "gone" not in receiver.text


def test_a_low_balance_is_told_once_and_when_it_is_over(desk: Desk, receiver: Receiver) -> None:
    desk.begin(receiver.url, balance_low_usd=5.0)
    for available in (6.0, 4.5, 4.25):
        desk.events.publish(BalanceKnown(available))
    desk.let_pass(11)
    wait_for(lambda: receiver.got, 20, "the message")
    assert "$4.25, below the limit of $5.00" in receiver.titles[0]
    desk.events.publish(BalanceKnown(3.0))
    desk.events.publish(BalanceKnown(50.0))
    desk.let_pass(400)
    wait_for(lambda: len(receiver.got) == 2, 20, "that it is over")
    assert "above the limit again" in receiver.titles[1]


def test_what_was_not_sent_is_sent_after_a_restart(desk: Desk, receiver: Receiver) -> None:
    desk.begin(receiver.url)
    desk.fail(3)
    wait_for(lambda: desk.noted()["groups"]["piles"], 20, "the note")
    desk.restart(receiver.url)
    desk.let_pass(11)
    wait_for(lambda: receiver.got, 20, "the message")
    assert "failed in cats" in receiver.titles[0]


def test_a_service_that_is_down_gets_it_later_and_the_others_at_once(
    desk: Desk, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    receiver.status = 500
    with receiving() as other:
        desk.begin(receiver.url, other.url)
        desk.fail(1)
        desk.let_pass(11)
        wait_for(lambda: other.got, 20, "the message at the other")
        for times in (1, 2, 3):
            desk.until_failed(receiver.url, times)
            receiver.status = 500 if times < 3 else 200
            desk.let_pass(1000)
        wait_for(lambda: receiver.got, 20, "the message")
        assert len(other.got) == 1
    wait_for(lambda: "arrive at number 1 (JSON) again" in caplog.text, 20, "the log to say so")
    told = [record for record in caplog.records if "could not be sent" in record.message]
    assert len(told) == 1
    assert "token-of-the-tests" not in told[0].message


def test_a_service_that_is_down_through_a_restart_loses_nothing(desk: Desk, receiver: Receiver) -> None:
    receiver.status = 500
    desk.begin(receiver.url)
    desk.fail(2)
    desk.let_pass(11)
    wait_for(lambda: desk.noted()["unsent"][0], 20, "the note")
    receiver.status = 200
    desk.restart(receiver.url)
    wait_for(lambda: receiver.got, 20, "the message")
    assert receiver.titles[0].endswith("2 files failed in cats")


def test_a_table_that_takes_no_note_keeps_no_message_back(desk: Desk, receiver: Receiver) -> None:
    desk.begin(receiver.url)
    wait_for(lambda: "unsent" in desk.noted(), 20, "the first turn")
    with contextlib.closing(sqlite3.connect(desk.store.url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE notes")
    desk.gates.close("table", "The job table was replaced.", now=0.0)
    desk.let_pass(11)
    wait_for(lambda: receiver.got, 20, "the message")
    assert "The job table was replaced" in receiver.titles[0]


def test_a_service_that_hangs_delays_no_job_and_no_stop(desk: Desk, receiver: Receiver) -> None:
    receiver.stuck.set()
    desk.begin(receiver.url)
    desk.fail(1)
    desk.let_pass(11)
    wait_for(lambda: receiver.asked, 20, "the message to be on its way")
    desk.fail(50)
    assert len(desk.store.listed()) == 51
    stopping = threading.Thread(target=desk.teller.stop, daemon=True)
    stopping.start()
    stopping.join(20)
    assert not stopping.is_alive()
    assert not receiver.got
    receiver.closing.set()


def test_a_reload_takes_other_addresses(desk: Desk, receiver: Receiver) -> None:
    desk.begin()
    desk.teller.reload(Notify.model_validate({"urls": [receiver.url]}))
    desk.fail(1)
    desk.let_pass(11)
    wait_for(lambda: receiver.got, 20, "the message")
    desk.teller.reload(Notify())
    wait_for(lambda: desk.teller._present.urls == (), 20, "the reload")
    desk.fail(1)
    desk.let_pass(1000)
    desk.let_pass(1000)
    assert desk.teller.flush(20)
    assert len(receiver.got) == 1


def test_the_day_is_summed_up(desk: Desk, receiver: Receiver) -> None:
    desk.fail(4)
    desk.hold("unknown_submit")
    desk.begin(receiver.url, daily_summary="08:00")
    wait_for(lambda: desk.teller._summary_at is not None, 20, "the time of the summary")
    desk.teller._summary_at = desk.clock.wall() - 1
    desk.let_pass(1)
    wait_for(lambda: receiver.got, 20, "the summary")
    assert receiver.titles[0].endswith("0 done, 4 failed, 1 held")
    assert "cats: 4 failed, 1 held now" in receiver.got[0]["message"]
    assert desk.teller._summary_at > desk.clock.wall()


def test_a_summary_that_a_restart_missed_is_sent_after_it(desk: Desk, receiver: Receiver) -> None:
    at = desk.clock.wall() - 600
    desk.store.note("notify", {"summary": {"time": "08:00", "at": at}})
    desk.begin(receiver.url, daily_summary="08:00")
    wait_for(lambda: receiver.got, 20, "the summary")


def test_a_clock_that_was_ahead_puts_no_summary_off(desk: Desk, receiver: Receiver) -> None:
    ahead = desk.clock.wall() + 400 * 86400
    desk.store.note("notify", {"summary": {"time": "08:00", "at": ahead}})
    desk.begin(receiver.url, daily_summary="08:00")
    wait_for(lambda: 0 < (desk.teller._summary_at or 0) < ahead - 86400, 20, "the next day's summary")


@pytest.mark.parametrize("left", [{"groups": 7}, {"unsent": [["x"]]}, "nonsense", {"groups": {"piles": [[1]]}}])
def test_a_note_that_makes_no_sense_is_forgotten(desk: Desk, receiver: Receiver, left: object) -> None:
    desk.store.note("notify", left)
    desk.begin(receiver.url)
    desk.fail(1)
    assert desk.teller.flush(20)
    assert receiver.titles[0].endswith("1 file failed in cats")
