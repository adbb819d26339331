"""Gates of a daemon that runs: said once in each place, nothing billable meanwhile, and on when they open."""

import os
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from daemon.gates.gate import LONGEST_PROBE
from daemon.gates.probes import TRIED_AGAIN
from daemon.service.control import ask
from daemon.states import State
from tests.daemon.house import FOLDER, LASTING, House, house_in
from tests.daemon.process import Process, jobs_of, running
from tests.daemon.samples import picture
from tests.support import wait_for


class Manager:
    """The service manager's end of the notification socket: what it was told, latest last."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(path)
        self._status = ""

    def status(self) -> str:
        """Give the latest STATUS line."""
        while True:
            try:
                told = self._socket.recv(65536).decode()
            except BlockingIOError:
                return self._status
            self._status = next((line for line in told.splitlines() if line.startswith("STATUS=")), self._status)

    def close(self) -> None:
        self._socket.close()


@dataclass
class Place:
    """A daemon that runs under a service manager."""

    house: House
    manager: Manager
    process: Process
    drops: int = 0

    def drop(self, number: int) -> list[str]:
        """Drop so many new files; give their paths."""
        first, self.drops = self.drops, self.drops + number
        return [self.house.drop(f"{each}.png", picture(each)) for each in range(first, self.drops)]

    def ask(self, do: str, **values: object) -> object:
        return ask(self.house.settings().state_dir, do, **values)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    base = str(tmp_path_factory.mktemp("place"))
    with house_in(base) as house:
        manager = Manager(os.path.join(base, "notify"))
        house.environ["NOTIFY_SOCKET"] = os.path.join(base, "notify")
        house.environ["WATCHDOG_USEC"] = "400000"  # the status goes out as often as the watchdog wants to be fed
        house.configure(in_flight=4)
        with running(house) as process:
            yield Place(house, manager, process)
        manager.close()


def refuse_key(place: Place) -> Callable[[], object]:
    place.house.sandbox.set(keys=["another"])
    return lambda: place.house.sandbox.set(keys=None)


def spend_balance(place: Place) -> Callable[[], object]:
    place.house.sandbox.set(balance=0)
    return lambda: place.house.sandbox.set(balance=100)


def take_outbox(place: Place) -> Callable[[], object]:
    outbox = place.house.outbox(FOLDER)
    os.rename(outbox, outbox + "-away")
    return lambda: os.rename(outbox + "-away", outbox)


def pause(place: Place) -> Callable[[], object]:
    place.ask("pause", folders=[])
    return lambda: place.ask("resume", folders=[])


@pytest.mark.parametrize(
    ("close", "code", "words", "held"),
    [
        (refuse_key, "key", "does not accept the API key", 1),
        (spend_balance, "balance", "no balance left", 1),
        (take_outbox, "folder", "can't be used", 1),
        (pause, "pause", "paused by a person", 0),
    ],
)
def test_a_gate_is_said_once_and_over_by_itself(
    place: Place, close: Callable[[Place], Callable[[], object]], code: str, words: str, held: int
) -> None:
    house = place.house
    log_before, paid_before, jobs_before = len(place.process.log), len(house.sandbox.submits()), place.drops
    reopen = close(place)
    sources = place.drop(12)
    wait_for(lambda: len(jobs_of(house)) == place.drops, 10, "the jobs")
    wait_for(
        lambda: words in place.manager.status(), 15, f"the service manager to be told; {place.manager.status()}"
    )
    wait_for(lambda: stands_still(house, sources, held), 10, "rest")
    gates = house_gates(place)
    assert [gate["code"] for gate in gates] == [code]
    assert words in str(gates[0]["reason"])
    warned = [line for line in place.process.log[log_before:].splitlines() if re.search("WARNING|ERROR", line)]
    warned = [line for line in warned if "loop hangs" not in line]  # so short a watchdog bites on a busy machine
    assert [line for line in warned if words in line] == warned
    assert len(warned) == held
    assert len(house.sandbox.submits()) == paid_before
    reopen()
    if held:
        place.process.reload()
    wait_for(lambda: all_done(house, place.drops), 20, "all to be done")
    assert len(house.sandbox.submits()) == jobs_before + len(sources)
    wait_for(lambda: words not in place.manager.status(), 15, "the service manager to be told of the end")


def house_gates(place: Place) -> list[dict[str, object]]:
    status = place.ask("status")
    assert isinstance(status, dict)
    return list(status["gates"])


def stands_still(house: House, sources: list[str], held: int) -> bool:
    """Tell whether of these jobs so many are held, and the others stay where they were, in nobody's hand."""
    jobs = [job for job in jobs_of(house) if job.source in sources]
    waiting = {State.HELD, State.QUEUED, State.UPLOADED}
    assert not [job for job in jobs if job.state in {State.FAILED, State.CANCELLED} or job.attempts]
    return sum(job.state is State.HELD for job in jobs) == held and all(
        job.state in waiting and job.claimed_by is None for job in jobs
    )


def all_done(house: House, number: int) -> bool:
    jobs = jobs_of(house)
    return len(jobs) == number and all(job.state is State.DONE and job.put_away for job in jobs)


def test_probes_are_single_calls_and_a_balance_that_was_refused_is_not_tried_again(house: House) -> None:
    house.sandbox.set(balance=0.005)  # some, but less than a job costs
    house.start()
    for number in range(6):
        house.drop(f"{number}.png", picture(number))
    wait_for(lambda: "balance" in house.gates() and len(house.jobs()) == 6, 10, "the gate")
    house.until_rest()
    probe(house)  # may try, as the balance may have been less a moment ago
    wait_for(lambda: any(gate.relapsed for gate in house.daemon.parts.gates.closed()), 10, "the second refusal")
    house.until_rest()
    refused = len(house.submits())
    for _ in range(3):
        probe(house)
    house.until_rest()
    assert len(house.submits()) == refused
    assert sum(job.state is State.HELD for job in house.jobs()) == 1
    house.sandbox.set(balance=10)
    probe(house)
    house.until_all_done(6)


def test_a_balance_that_was_refused_is_tried_again_after_long(house: House) -> None:
    house.sandbox.fault("submit", "status", code=402, count=2)  # for another reason than the balance
    house.start()
    source = house.drop("cat.png", picture())
    wait_for(lambda: "balance" in house.gates(), 10, "the gate")
    house.until_rest()
    probe(house)
    wait_for(lambda: any(gate.relapsed for gate in house.daemon.parts.gates.closed()), 10, "the second refusal")
    house.until_rest()
    probe(house)
    house.until_rest()
    assert len(house.submits()) == 2
    house.let_pass(TRIED_AGAIN)
    house.until(source)
    assert len(house.submits()) == 3


def probe(house: House) -> None:
    """Let the pause before the next probe pass, and the probe do its work: one call, and no more."""
    calls, gates = house.sandbox.count("balance"), house.daemon.parts.gates
    before = gates.closed()
    house.let_pass(LONGEST_PROBE)
    wait_for(lambda: not set(before) & set(gates.closed()), 20, "the end of the probe")
    assert house.sandbox.count("balance") == calls + 1


def test_a_probe_that_hangs_keeps_nothing_else_waiting(house: House) -> None:
    house.sandbox.set(balance=0.015, predict_seconds=LASTING)
    house.start(in_flight=1)
    for number in range(2):
        house.drop(f"{number}.png", picture(number))
    wait_for(lambda: State.PROCESSING in {job.state for job in house.jobs()}, 10, "one that is paid")
    house.daemon.parts.gates.close("balance", "spent", now=house.daemon.clock.now())
    house.sandbox.fault("balance", "hang")
    house.let_pass(LONGEST_PROBE)
    wait_for(lambda: house.sandbox.count("balance"), 20, "the probe")
    house.sandbox.end_predictions()
    wait_for(lambda: any(job.state is State.DONE for job in house.jobs()), 10, "the result")
    assert house.sandbox.count("balance") == 1
    house.sandbox.stop()  # or the hanging call would be waited for
