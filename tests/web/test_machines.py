"""What machines that watch the daemon are told: /healthz to anybody, /metrics to who has the token."""

import dataclasses
import json
import os
import re
import threading
import time
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.gates.gate import Gates
from daemon.signs import HUNG
from daemon.states import IN_FLIGHT, Job, State
from daemon.web.door import Door
from daemon.web.machines import late_loops
from daemon.work.pool import Pool
from tests.daemon.house import FOLDER, House
from tests.daemon.samples import picture
from tests.docs.pages import ROOT
from tests.support import wait_for
from tests.web.visitor import Answer, Visitor, entered

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(answer: Answer) -> Samples:
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"hotfolder_{name}", frozenset(labels.items())))


def test_anybody_may_ask_whether_it_gets_on(house: House, stranger: Visitor) -> None:
    answer = stranger.get("/healthz")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})
    assert stranger.get("/healthz", Host="evil.example").status == 421


def test_metrics_need_the_token_or_a_session(house: House, stranger: Visitor, visitor: Visitor) -> None:
    assert stranger.get("/metrics").status == 401
    assert stranger.get("/metrics", Authorization="Bearer wrong").status == 401
    with open(os.path.join(house.settings().state_dir, "page-token"), encoding="ascii") as file:
        token = file.read().strip()
    assert samples(stranger.get("/metrics", Authorization=f"Bearer {token}"))
    assert samples(visitor.get("/metrics"))


def test_metrics_agree_with_the_table(house: House, visitor: Visitor) -> None:
    house.until(house.drop("done.png", picture(1)))
    house.until_failed(house.drop("failed.png", b"no picture at all, of some length"))
    house.sandbox.fault("submit", "reset_after")
    house.until_held(house.drop("held.png", picture(2)), "unknown_submit")
    house.until_rest()
    found = samples(visitor.get("/metrics"))
    states = Counter(job.state for job in house.jobs())
    assert {states[state] for state in (State.DONE, State.FAILED, State.HELD)} == {1}
    for state in State:
        assert value(found, "jobs", folder=FOLDER, state=state) == states[state]
    for state in (State.DONE, State.FAILED, State.HELD):
        assert value(found, "jobs_ended_total", folder=FOLDER, state=state) == 1
    assert value(found, "in_flight", folder=FOLDER) == sum(states[state] for state in IN_FLIGHT)
    done = next(job for job in house.jobs() if job.state is State.DONE)
    assert_way(found, done)
    assert value(found, "api_calls_total", call="upload", outcome="good") == 2
    assert value(found, "api_calls_total", call="submit", outcome="broken") == 1
    assert value(found, "polls_total") == value(found, "api_calls_total", call="poll", outcome="good")
    paid = value(found, "payments_today", folder=FOLDER, model=done.model)
    assert paid == 2  # the held one may have been paid
    assert value(found, "loop_silence_seconds", loop="inbox") is not None
    assert (value(found, "last_transition_timestamp_seconds") or 0) >= (done.finished_at or 0)
    assert not any("png" in label for _, labels in found for _, label in labels)


def assert_way(found: Samples, done: Job) -> None:
    """See that each stage's histogram counts the job, and that the whole way took as long as the table says."""
    for stage in ("upload", "submit", "predict", "download", "whole"):
        labels = {"stage": stage, "model": done.model}
        count = value(found, "stage_seconds_count", **labels)
        assert count, stage
        assert count == value(found, "stage_seconds_bucket", le="+Inf", **labels)
    assert done.finished_at is not None
    whole = value(found, "stage_seconds_sum", stage="whole", model=done.model)
    assert whole == pytest.approx(done.finished_at - done.created_at, abs=0.5)


def test_the_balance_is_told_once_it_is_known(house: House, visitor: Visitor) -> None:
    house.daemon.account.look()
    known = house.daemon.status()["daemon"]["balance"]
    assert known["usd"] > 0
    assert value(samples(visitor.get("/metrics")), "balance_usd") == known["usd"]


def test_each_metric_is_explained_on_the_page_about_them(visitor: Visitor) -> None:
    with open(os.path.join(ROOT, "docs", "monitoring.md"), encoding="utf-8") as file:
        explained = set(re.findall(r"^\| `(hotfolder_\w+)` \|", file.read(), re.MULTILINE))
    families = {family.name: family for family in text_string_to_metric_families(visitor.get("/metrics").text)}
    served = {f"{name}_total" if family.type == "counter" else name for name, family in families.items()}
    assert explained == served
    assert all(family.documentation for family in families.values())


def test_a_closed_gate_is_seen(house: House, visitor: Visitor) -> None:
    house.daemon.parts.actions.pause([FOLDER])
    try:
        found = samples(visitor.get("/metrics"))
        since = value(found, "gate_closed_timestamp_seconds", code="pause", folder=FOLDER)
        assert since == pytest.approx(time.time(), abs=600)
        assert visitor.get("/healthz").status == 200  # it waits for a person; nothing hangs
    finally:
        house.daemon.parts.actions.resume([FOLDER])
    found = samples(visitor.get("/metrics"))
    assert value(found, "gate_closed_timestamp_seconds", code="pause", folder=FOLDER) is None


def test_a_loop_that_hangs_is_named_until_it_gets_on(house: House) -> None:
    free, job = threading.Event(), house.jobs()[0]

    def claim(_: int) -> list[Job]:
        return [] if free.is_set() else [job]

    def work(_: list[Job]) -> None:
        assert free.wait(30)

    pool = Pool("download", 1, claim, work)

    def a_minute_later() -> dict[str, float]:
        return {"download": pool.silence(time.monotonic() + HUNG + 1)}

    desk = dataclasses.replace(house.daemon.page._desk, silences=a_minute_later)
    pool.start()
    try:
        wait_for(lambda: late_loops(desk) == ["download"], 20, "the loop to be late")
        free.set()
        wait_for(lambda: late_loops(desk) == [], 20, "the loop to be back")
    finally:
        free.set()
        pool.stop()
        assert pool.join(20)


def test_a_table_that_is_not_to_be_trusted_is_late(house: House) -> None:
    gates = Gates()
    desk = dataclasses.replace(house.daemon.page._desk, gates=gates.closed)
    assert late_loops(desk) == []
    gates.close("table", "it was replaced", now=0.0)
    assert late_loops(desk) == ["table"]


def test_a_late_loop_is_a_503(house: House) -> None:
    desk = dataclasses.replace(house.daemon.page._desk, silences=lambda: {"submit": HUNG + 1.0, "poll": 3.0})
    with entered(Door(desk, house.settings().state_dir)) as visitor:
        answer = visitor.get("/healthz")
        assert (answer.status, json.loads(answer.body)) == (503, {"status": "late", "late": ["submit"]})


def test_without_the_page_nothing_is_counted(house: House) -> None:
    assert house.daemon.tally.moved_at is not None
    house.stop()
    house.start()
    try:
        house.until(house.drop("uncounted.png", picture(5)))
        assert not house.daemon.events.heard
        assert house.daemon.tally.moved_at is None
    finally:
        house.stop()
        house.start(web={"enabled": True, "port": 0})
