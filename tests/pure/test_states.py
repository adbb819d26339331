"""The table of transitions: every state is reached, none is a trap, and money is never sent from a final one."""

import pytest

from daemon.states import FINAL, IN_FLIGHT, TRANSITIONS, State, allowed
from tests.made import made_job


def reached_from(start: State) -> set[State]:
    found, ahead = {start}, [start]
    while ahead:
        new = TRANSITIONS[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def test_every_state_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(State)
    assert all(set(after) <= set(State) for after in TRANSITIONS.values())


def test_from_the_beginning_every_state_can_be_reached() -> None:
    assert reached_from(State.QUEUED) == set(State)


@pytest.mark.parametrize("state", State)
def test_no_state_is_a_trap(state: State) -> None:
    assert reached_from(state) & FINAL


def test_the_only_way_to_submitting_is_an_intent() -> None:
    assert {before for before in State if allowed(before, State.SUBMITTING)} == {State.UPLOADED}


def test_what_was_sent_is_never_dropped_unheard() -> None:
    assert not allowed(State.SUBMITTING, State.CANCELLED)
    assert not allowed(State.SUBMITTING, State.DONE)


def test_done_is_the_end() -> None:
    assert not TRANSITIONS[State.DONE]
    assert {before for before in State if allowed(before, State.DONE)} == {State.DOWNLOADING}


def test_what_is_in_flight_is_not_over() -> None:
    assert not IN_FLIGHT & FINAL
    assert [state for state in State if made_job(state=state).final] == [
        state for state in State if state in FINAL
    ]


def test_a_job_knows_its_files_name() -> None:
    assert made_job(source="/srv/in/a b/\udcff\n.jpg").name == "\udcff\n.jpg"
