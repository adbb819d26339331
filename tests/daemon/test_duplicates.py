"""The same file under the same rule is paid for once, unless the rule or a person says otherwise."""

import json
import os

from daemon.states import State
from tests.daemon.house import FOLDER, LASTING, House
from tests.daemon.samples import picture
from tests.support import wait_for


def test_a_second_copy_waits_for_the_first_and_gets_its_result(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    first = house.drop("cat.png", picture())
    job = house.until(first, State.PROCESSING)
    second = house.drop("again.png", picture())
    wait_for(lambda: (found := house.job(second)) and found.twin_of == job.id, 10, "the twin")
    house.sandbox.end_predictions()
    one, two = house.until(first), house.until(second)
    assert house.results() == {"cat.png": picture(), "again.png": picture()}
    assert two.twin_of == one.id
    assert len(house.submits()) == 1
    assert house.sandbox.count("upload") == 1
    with open(house.outbox(FOLDER, "again.png.json"), encoding="utf-8") as file:
        assert json.load(file)["reused_from_job"] == one.id


def test_copies_that_come_together_are_paid_once(house: House) -> None:
    house.start()
    sources = [house.drop(f"{number}.png", picture()) for number in range(8)]
    for source in sources:
        house.until(source)
    assert len(house.results()) == 8
    assert len(house.submits()) == 1


def test_a_copy_of_a_finished_one_is_not_paid_even_after_a_restart(house: House) -> None:
    house.start()
    house.until(house.drop("cat.png", picture()))
    house.restart()
    house.until(house.drop("again.png", picture()))
    assert house.results() == {"cat.png": picture(), "again.png": picture()}
    assert len(house.submits()) == 1


def test_the_same_name_and_content_dropped_again_gets_another_result_unpaid(house: House) -> None:
    house.start()
    source = house.drop("cat.png", picture())
    first = house.until(source)
    house.drop("cat.png", picture())
    house.until(source, after=first.id)
    assert house.results() == {"cat.png": picture(), "cat~1.png": picture()}
    assert len(house.submits()) == 1


def test_a_copy_runs_itself_where_the_first_failed(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    first = house.drop("cat.png", picture())
    job = house.until(first, State.PROCESSING)
    second = house.drop("again.png", picture())
    wait_for(lambda: (found := house.job(second)) and found.twin_of == job.id, 10, "the twin")
    house.sandbox.fault("poll", "prediction_status", only=job.prediction_id)
    house.sandbox.end_predictions()
    house.until_failed(first)
    house.until(second)
    assert house.results() == {"again.png": picture()}
    assert len(house.submits()) == 2


def test_a_copy_waits_while_the_first_is_held(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start()
    first = house.drop("cat.png", picture())
    held = house.until_held(first, "unknown_submit")
    second = house.drop("again.png", picture())
    wait_for(lambda: (found := house.job(second)) and found.twin_of == held.id, 10, "the twin")
    house.until_rest()
    waiting = house.until(second, State.QUEUED)
    assert waiting.waits_for
    assert f"job {held.id}" in waiting.waits_for
    house.daemon.parts.actions.attach(held.id, house.sandbox.submits()[0].prediction_id or "")
    house.until(first)
    house.until(second)
    assert len(house.submits()) == 1


def test_a_copy_goes_on_by_itself_where_the_first_is_cancelled(house: House) -> None:
    house.sandbox.fault("submit", "reset_before")
    house.start()
    first = house.drop("cat.png", picture())
    held = house.until_held(first, "unknown_submit")
    second = house.drop("again.png", picture())
    wait_for(lambda: (found := house.job(second)) and found.twin_of == held.id, 10, "the twin")
    house.daemon.parts.actions.cancel([held.id], forget_paid=True)
    house.until(second)
    assert len(house.sandbox.submits()) == 1


def test_a_result_that_is_gone_is_fetched_again_and_not_paid_again(house: House) -> None:
    house.start()
    first = house.until(house.drop("cat.png", picture()))
    os.unlink(first.outputs[0])
    second = house.until(house.drop("again.png", picture()))
    assert house.results() == {"again.png": picture()}
    assert second.prediction_id == first.prediction_id
    assert len(house.submits()) == 1
    third = house.until(house.drop("third.png", picture()))
    assert third.final
    assert len(house.submits()) == 1


def test_another_prompt_makes_another_job(house: House) -> None:
    house.start()
    house.until(house.drop("cat.png", picture()))
    house.put(house.inbox(FOLDER, "again.png.txt"), b"another prompt")
    house.until(house.drop("again.png", picture()))
    assert len(house.submits()) == 2


def test_each_copy_is_paid_where_the_rule_says_process(house: House) -> None:
    house.start(duplicates="process")
    for name in ("cat.png", "again.png", "third.png"):
        house.until(house.drop(name, picture()))
    assert len(house.results()) == 3
    assert len(house.submits()) == 3


def test_a_copy_that_is_to_be_paid_does_not_get_the_old_result(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start()
    held = house.until_held(house.drop("cat.png", picture()), "unknown_submit")
    second = house.drop("again.png", picture())
    wait_for(lambda: (found := house.job(second)) and found.twin_of == held.id, 10, "the twin")
    house.until_rest()
    twin = house.until(second, State.QUEUED)
    house.daemon.parts.actions.cancel([twin.id])
    house.until(second, State.CANCELLED)
    house.daemon.parts.actions.retry([twin.id], pay_again=True)
    house.until(second)
    assert len(house.submits()) == 2
