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
