"""What is learnt of models is written now and then, survives a restart, and never stands in the way."""

from typing import Any

from sqlalchemy.exc import OperationalError

from daemon.pace.paces import NOTE, Paces


def learn(paces: Paces, model: str, count: int) -> None:
    for _ in range(count):
        paces.of(model).learn(0.0, 10.0, 8.0)
        paces.keep(model)


def test_it_is_written_seldom_and_found_again() -> None:
    notes: dict[str, Any] = {}
    writes: list[str] = []

    def save(key: str, value: Any) -> None:
        writes.append(key)
        notes[key] = value

    paces = Paces({}, save)
    learn(paces, "m/1", 250)
    paces.of("m/2")
    assert writes == [NOTE + "m/1"] * 2
    paces.keep_all()
    paces.keep_all()
    assert writes == [NOTE + "m/1"] * 3, "what is written, or never seen, is not written again"
    again = Paces(notes, save)
    assert again.of("m/1").seen == 250
    typical = again.of("m/1").typical()
    assert typical is not None
    assert 7.5 < typical < 8.5
    learn(again, "m/1", 50)
    assert len(writes) == 3


def test_what_cannot_be_read_is_learnt_anew() -> None:
    saved = {
        NOTE + "m/1": "?",
        NOTE + "m/2": {"seen": 5},
        NOTE + "m/3": None,
        NOTE + "m/4": {"seen": 1, "bins": 3},
    }
    paces = Paces(saved, lambda _, __: None)
    assert [paces.of(f"m/{number}").seen for number in range(1, 5)] == [0, 0, 0, 0]


def test_a_table_that_takes_no_note_stops_nobody() -> None:
    def full(key: str, value: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    paces = Paces({}, full)
    learn(paces, "m/1", 250)
    paces.keep_all()
    assert paces.of("m/1").seen == 250


def test_what_is_in_flight_shares_the_questions_of_a_second() -> None:
    paces = Paces({}, lambda *_: None)
    for seconds in range(60, 120):
        paces.of("quick").learn(0.0, seconds / 20, seconds / 20)
        paces.of("slow").learn(0.0, seconds * 5.0, seconds * 5.0)
    few = {"quick": 100, "slow": 5000, "unknown": 1000}
    assert [paces.stretch(model, few, 250.0) for model in few] == [1.0, 1.0, 1.0]
    many = {"quick": 1000, "slow": 5000, "unknown": 1000}
    quick, slow, unknown = (paces.stretch(model, many, 250.0) for model in many)
    assert min(quick, slow) > 1.2
    assert unknown == 1.0, "it has not been learnt what to stretch"
    assert paces.stretch("quick", {}, 250.0) == 1.0
