"""Gates: closed once for all, probed ever more gently, and never in the way of what is already paid."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.gates.gate import FIRST_PROBE, LONGEST_PROBE, RELAPSE, Gates, Need

CODES = ["key", "balance", "folder", "unreachable", "pause"]
FOLDERS = ["cats", "dogs", "birds"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["close", "open", "still", "now"]),
        st.sampled_from(CODES),
        st.sampled_from(["", *FOLDERS]),
        st.floats(0, 300),
    ),
    max_size=60,
)


def pauses(gates: Gates, now: float) -> list[float]:
    """Give the pauses between ten probes in vain."""
    found = []
    for _ in range(10):
        at = gates.next_probe()
        assert at is not None
        found.append(at - now)
        now = at
        gates.still_closed(gates.to_probe(now)[0], "still", now=now)
    return found


def test_pauses_grow_from_5_to_60_seconds() -> None:
    gates = Gates()
    gates.close("key", "bad key", now=100.0)
    assert pauses(gates, 100.0) == [5.0, 10.0, 20.0, 40.0, *[60.0] * 6]


def test_a_gate_that_closes_again_soon_goes_on_where_it_was() -> None:
    gates, now, waits = Gates(), 100.0, []
    for _ in range(6):
        gates.close("key", "bad key", now=now)
        waits.append((gates.next_probe() or 0.0) - now)
        now += waits[-1]
        gates.open("key", now=now)
        now += RELAPSE / 2
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    gates.close("key", "bad key", now=now + RELAPSE)
    assert gates.next_probe() == now + RELAPSE + FIRST_PROBE


def test_a_relapse_is_of_one_gate_alone() -> None:
    gates = Gates()
    gates.close("folder", "gone", now=0.0, scope="cats")
    gates.open("folder", "cats", now=1.0)
    gates.close("folder", "gone", now=2.0, scope="dogs")
    assert gates.next_probe() == 2.0 + FIRST_PROBE


def test_probing_now_begins_anew() -> None:
    gates = Gates()
    gates.close("key", "bad key", now=0.0)
    gates.close("pause", "paused", now=0.0)
    pauses(gates, 0.0)
    gates.probe_now(1000.0)
    assert [gate.code for gate in gates.to_probe(1000.0)] == ["key"]
    gates.still_closed(gates.to_probe(1000.0)[0], "still", now=1000.0)
    assert gates.next_probe() == 1000.0 + 2 * FIRST_PROBE


def test_a_probe_that_a_person_asks_for_while_another_is_under_way_is_not_put_off() -> None:
    gates = Gates()
    gates.close("key", "bad key", now=0.0)
    (probed,) = gates.to_probe(5.0)
    gates.probe_now(6.0)
    gates.still_closed(probed, "still", now=7.0)
    assert gates.next_probe() == 6.0


def test_a_relapse_is_nothing_new() -> None:
    gates = Gates()
    gates.close("balance", "spent", now=1.0)
    assert not gates.relapsed("balance", "")
    gates.open("balance", now=2.0)
    assert not gates.relapsed("balance", "")
    assert gates.close("balance", "spent", now=3.0)
    assert gates.relapsed("balance", "")
    assert gates.closed()[0].since == 1.0
    gates.probe_now(4.0)
    assert not gates.relapsed("balance", "")


def test_only_a_person_ends_a_pause() -> None:
    gates = Gates()
    gates.close("pause", "paused", now=0.0, scope="cats")
    assert gates.next_probe() is None
    assert gates.to_probe(1e12) == []
    assert gates.open("pause", "cats", now=1.0)
    assert not gates.open("pause", "cats", now=1.0)


def test_closing_is_said_once_and_its_reason_is_the_latest() -> None:
    gates = Gates()
    assert gates.close("balance", "0.10 left", now=1.0)
    assert not gates.close("balance", "0.05 left", now=2.0)
    (gate,) = gates.closed()
    assert (gate.reason, gate.since) == ("0.05 left", 1.0)
    assert gates.why_closed(Need.SPEND, "cats") == "0.05 left"
    assert gates.why_closed(Need.FETCH, "cats") is None


def test_what_each_gate_stops() -> None:
    for code in CODES:
        gates = Gates()
        gates.close(code, "why", now=0.0, scope="cats")
        assert gates.lets(Need.SPEND, FOLDERS) == ["dogs", "birds"]
        assert gates.lets(Need.FETCH, FOLDERS) == (
            ["dogs", "birds"] if code in {"key", "unreachable"} else FOLDERS
        )


@given(STEPS)
def test_gates_hold_whatever_happens(steps: list[tuple[str, str, str, float]]) -> None:
    gates, now, closed = Gates(), 0.0, set[tuple[str, str]]()
    for step, code, scope, passed in steps:
        now += passed
        if step == "close":
            assert gates.close(code, "why", now=now, scope=scope) is ((code, scope) not in closed)
            closed.add((code, scope))
        elif step == "open":
            assert gates.open(code, scope, now=now) is ((code, scope) in closed)
            closed.discard((code, scope))
        elif step == "now":
            gates.probe_now(now)
        else:
            for gate in gates.to_probe(now):
                gates.still_closed(gate, "still", now=now)
        assert {(gate.code, gate.scope) for gate in gates.closed()} == closed
        assert all(gate.code == "pause" for gate in gates.closed() if gate.probe_at is None)
        assert all(FIRST_PROBE <= gate.wait <= LONGEST_PROBE for gate in gates.closed())
        assert all((gate.probe_at or now) <= now + LONGEST_PROBE for gate in gates.closed())
        for need in Need:
            let = gates.lets(need, FOLDERS)
            assert let == [folder for folder in FOLDERS if gates.why_closed(need, folder) is None]
        assert set(gates.lets(Need.SPEND, FOLDERS)) <= set(gates.lets(Need.FETCH, FOLDERS))
