"""The brake for big piles: nothing of a pile is sent until a person lets it go, also after a restart."""

import pytest

from daemon.events import Event, JobMoved
from daemon.states import State
from tests.daemon.house import FOLDER, House
from tests.daemon.samples import picture
from tests.daemon.test_budget import PRICE, at_rest, begin
from tests.daemon.test_table_trouble import nothing_noted
from tests.support import wait_for


def prepare(house: House, first: int, number: int, folder: str = FOLDER) -> None:
    """Put files into an inbox whose daemon does not run, to be found together."""
    for each in range(first, first + number):
        house.drop(f"{each}.png", picture(each), folder)


def reason(house: House) -> str:
    (gate,) = [gate for gate in house.daemon.status()["gates"] if gate["code"] == "pile"]
    return str(gate["reason"])


def test_a_pile_waits_for_a_person_over_a_restart_and_the_next_one_again(house: House) -> None:
    house.configure(limits={"confirm_above": 5})
    prepare(house, 0, 8)
    begin(house)
    assert at_rest(house, 8) == {"held": 1, "queued": 7}
    (held,) = [job for job in house.jobs() if job.state is State.HELD]
    assert held.error_code == "pile"
    assert f"hotfolder approve {FOLDER}" in (held.error_message or "")
    house.stop()
    begin(house)
    prepare(house, 8, 1)  # one more while it waits
    assert at_rest(house, 9) == {"held": 1, "queued": 8}
    assert (
        f"9 files wait in the folder {FOLDER}, at least ${9 * PRICE:.2f}: more than 5 within a minute"
        in reason(house)
    )
    assert house.submits() == []
    assert house.sandbox.count("upload") == 0

    assert house.daemon.parts.actions.approve([FOLDER]) == [f"{FOLDER}: the pile goes on, 9 file(s)"]
    house.until_all_done(9)
    assert len(house.submits()) == 9
    assert house.daemon.parts.actions.approve([FOLDER]) == [f"{FOLDER}: there is no pile that waits"]
    prepare(house, 10, 5)
    house.until_all_done(14)
    prepare(house, 20, 1)
    assert at_rest(house, 15) == {"done": 14, "held": 1}
    assert len(house.submits()) == 14


def test_what_was_approved_counts_no_more_after_a_restart(house: House) -> None:
    house.configure(confirm_above=3)
    prepare(house, 0, 5)
    begin(house)
    at_rest(house, 5)
    house.daemon.parts.actions.approve([FOLDER])
    house.until_all_done(5)
    house.stop()
    begin(house)
    prepare(house, 5, 1)
    house.until_all_done(6)


def test_of_files_that_come_one_by_one_no_more_are_sent_than_the_limit(house: House) -> None:
    house.configure({"cats": {"confirm_above": 3}, "dogs": {}}, limits={"confirm_above": 100})
    begin(house)
    for number in range(3):
        prepare(house, number, 1, "cats")
        house.until_all_done(number + 1)
    prepare(house, 3, 6, "cats")
    prepare(house, 20, 5, "dogs")
    found = at_rest(house, 14)
    assert (found["held"], found["queued"], found["done"]) == (1, 5, 8)
    assert house.gates() == {"pile": "cats"}


@pytest.mark.parametrize(("usd", "gates"), [(3.5 * PRICE, {"pile": FOLDER}), (4 * PRICE, {})])
def test_a_pile_may_be_too_big_by_what_it_costs(house: House, usd: float, gates: dict[str, str]) -> None:
    house.configure(confirm_above_usd=usd)
    begin(house)
    prepare(house, 0, 4)
    at_rest(house, 4)
    assert house.gates() == gates


def test_a_pile_is_let_go_while_no_daemon_runs(house: House) -> None:
    from daemon.service.reach import Reach

    house.configure(confirm_above=1)
    prepare(house, 0, 3)
    begin(house)
    at_rest(house, 3)
    house.stop()
    reach = Reach(house.settings())
    assert [gate["code"] for gate in reach.status()["gates"]] == ["pile"]
    done = reach.approve([FOLDER])
    assert (done.lines, done.by_daemon) == ([f"{FOLDER}: the pile goes on, 3 file(s)"], False)
    begin(house)
    house.until_all_done(3)


def test_files_that_came_just_before_a_restart_count_with_those_after_it(house: House) -> None:
    house.configure(confirm_above=4)
    begin(house)
    prepare(house, 0, 3)
    house.until_all_done(3)
    house.stop()
    prepare(house, 3, 2)
    begin(house)
    assert at_rest(house, 5) == {"done": 3, "held": 1, "queued": 1}


def test_files_that_can_not_be_used_are_no_part_of_a_pile(house: House) -> None:
    house.configure(confirm_above=1)
    for number in range(3):
        house.drop(f"{number}.png", b"no picture at all, whatever its name says")
    begin(house)
    found = at_rest(house, 3)
    assert found == {"failed": 3}
    assert house.gates() == {}


def test_a_pile_that_can_not_be_noted_is_not_taken_in_until_it_is(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.configure(confirm_above=1)
    begin(house)
    with nothing_noted(house):
        prepare(house, 0, 1)
        house.until_all_done(1)
        prepare(house, 1, 4)
        wait_for(lambda: "taking files in failed" in caplog.text, 20, "the table to refuse the note")
    wait_for(lambda: house.gates() == {"pile": FOLDER}, 20, "the brake")
    wait_for(lambda: len(house.jobs()) == 5, 20, "the pile to be taken in")
    house.stop()
    begin(house)
    assert at_rest(house, 5) == {"done": 1, "held": 1, "queued": 3}
    assert house.daemon.parts.actions.approve([FOLDER]) == [f"{FOLDER}: the pile goes on, 4 file(s)"]
    house.until_all_done(5)


def test_a_pile_that_is_let_go_just_before_its_first_job_is_held_leaves_none_behind(house: House) -> None:
    house.configure(confirm_above=2)
    begin(house)
    lines: list[str] = []

    def approve(event: Event) -> None:
        found = isinstance(event, JobMoved) and event.transition.before is None
        if found and not lines and house.gates():
            lines.extend(house.daemon.parts.actions.approve([FOLDER]))

    house.daemon.events.subscribe(approve)
    prepare(house, 0, 4)
    house.until_all_done(4)
    assert "the pile goes on" in lines[0]
