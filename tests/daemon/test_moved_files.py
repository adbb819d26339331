"""What becomes of the job of a file that is renamed, moved or touched while it waits or is under way."""

import os

from daemon.states import State
from tests.daemon.house import FOLDER, LASTING, House, files_below
from tests.daemon.samples import picture
from tests.support import wait_for


def test_a_file_renamed_while_it_waits_is_processed_once_under_its_new_name(house: House) -> None:
    house.start()
    house.daemon.parts.actions.pause()
    old = house.drop("cat.png", picture())
    house.until(old, State.QUEUED)
    new = house.inbox(FOLDER, "dog.png")
    os.rename(old, new)
    house.until(new, State.QUEUED)
    house.daemon.parts.actions.resume()
    house.until(new)
    assert house.until(old, State.CANCELLED).error_code == "source_gone"
    assert house.results() == {"dog.png": picture()}
    assert len(house.submits()) == 1


def test_a_file_renamed_after_its_submit_is_paid_for_once_and_arrives_under_both_names(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    old = house.drop("cat.png", picture())
    house.until(old, State.PROCESSING)
    new = house.inbox(FOLDER, "dog.png")
    os.rename(old, new)
    house.sandbox.end_predictions()
    house.until(new)
    house.until(old)
    assert house.results() == {"cat.png": picture(), "dog.png": picture()}
    assert files_below(house.inbox()) == {"done/dog.png": picture()}
    assert len(house.submits()) == 1


def test_a_file_that_is_touched_while_it_waits_is_processed_once(house: House) -> None:
    """Some programs set a file's times after they have closed it."""
    house.start()
    house.daemon.parts.actions.pause()
    source = house.drop("cat.png", picture())
    old = house.until(source, State.QUEUED)
    os.utime(source)
    house.daemon.parts.inbox.rescan()
    wait_for(lambda: len(house.jobs()) == 2, 10, "the second job")
    house.daemon.parts.actions.resume()
    house.until(source, after=old.id)
    house.until_rest()
    assert [job.state for job in house.jobs()] == [State.CANCELLED, State.DONE]
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


def test_a_file_that_is_moved_to_the_other_inbox_while_it_waits_goes_by_its_rule(house: House) -> None:
    house.start({"one": {"prompt": "first"}, "two": {"prompt": "second"}})
    house.daemon.parts.actions.pause()
    old = house.drop("cat.png", picture(), "one")
    house.until(old, State.QUEUED)
    new = house.inbox("two", "cat.png")
    os.rename(old, new)
    house.until(new, State.QUEUED)
    house.daemon.parts.actions.resume()
    house.until(new)
    house.until(old, State.CANCELLED)
    assert [entry.prompt for entry in house.submits()] == ["second"]
    assert house.results("one") == {}
    assert house.results("two") == {"cat.png": picture()}
