"""What a hard link proves: whose a visible result is, after a kill between any two steps."""

import json
import os
from dataclasses import replace

import pytest

from daemon.errors import Blocked
from daemon.names import temporary
from daemon.results import outbox
from daemon.states import State
from tests.files.conftest import Folder, Mount, tree
from tests.files.test_outbox import RESULT, deliver, draft, png, record, visible, with_records


def test_a_kill_between_record_and_result_leaves_no_second_record(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule()
    os.unlink(deliver(job, rule))  # what the disk holds just before the result's name is given
    assert set(visible(folder)) == {"cat.png.json"}
    deliver(job, rule)
    assert visible(folder) == with_records("cat.png")


def test_a_name_that_was_taken_meanwhile_leaves_no_record_alone(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule()
    first = draft(job, rule)

    def taken_meanwhile(name: str) -> str:
        (folder.outbox / "cat.png").write_bytes(b"another's")
        return record(name)

    assert outbox.publish(job, rule, first, taken_meanwhile) == str(folder.outbox / "cat~1.png")
    assert visible(folder) == {"cat.png": b"another's", **with_records("cat~1.png")}


def test_a_name_that_was_taken_after_a_kill_leaves_no_record_alone(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule()
    os.unlink(deliver(job, rule))
    (folder.outbox / "cat.png").write_bytes(b"another's")
    assert deliver(job, rule) == str(folder.outbox / "cat~1.png")
    assert visible(folder) == {"cat.png": b"another's", **with_records("cat~1.png")}


def test_a_job_that_is_dropped_after_a_kill_leaves_no_record_alone(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule()
    os.unlink(deliver(job, rule))
    outbox.clear_drafts(job, rule)
    assert tree(folder.outbox) == {}


@pytest.mark.parametrize("state", [State.DONE, State.CANCELLED])
def test_a_kill_while_drafts_are_cleared_takes_no_record_from_its_result(folder: Folder, state: State) -> None:
    job, rule = folder.absent(), folder.rule()
    path = deliver(job, rule)
    over = replace(job, state=state, outputs=(path,))
    first = str(folder.outbox / temporary(job.id, 1))
    os.unlink(first if state is State.DONE else f"{first}.json")
    for _ in range(2):
        outbox.clear_drafts(over, rule)
        assert tree(folder.outbox) == with_records("cat.png")


def test_a_result_that_cannot_be_named_leaves_no_record_alone(folder: Folder, mount: Mount) -> None:
    job, rule = folder.absent(), folder.rule()
    first = draft(job, rule)

    def too_late(name: str) -> str:
        os.unlink(first.path)  # a person tidied up
        return record(name)

    with pytest.raises(Blocked):
        outbox.publish(job, rule, first, too_late)
    assert visible(folder) == {}


def test_equal_bytes_are_not_taken_for_the_same_file(folder: Folder) -> None:
    (folder.outbox / "cat.png").write_bytes(RESULT)
    job, rule = folder.absent(), folder.rule(provenance=False)
    draft(job, rule)
    assert outbox.published(job, str(folder.outbox), 1, png) is None
    assert deliver(job, rule) == str(folder.outbox / "cat~1.png")


def test_a_result_that_a_person_moved_on_is_made_again(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule(provenance=False)
    os.rename(deliver(job, rule), folder.inbox / "mine.png")
    assert deliver(job, rule) == str(folder.outbox / "cat.png")
    assert (folder.inbox / "mine.png").read_bytes() == RESULT
    assert not os.path.samefile(folder.inbox / "mine.png", folder.outbox / "cat.png")


def test_the_record_says_which_name_the_result_got(folder: Folder) -> None:
    (folder.outbox / "cat.png").write_bytes(b"another's")
    path = deliver(folder.absent(), folder.rule())
    with open(f"{path}.json", encoding="utf-8") as file:
        assert json.load(file) == {"result": "cat~1.png"}
