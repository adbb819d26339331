"""Any history of two inboxes in which the daemon is at work: what stays is paid for once and arrives.

The promise, however files and directories are written, renamed, replaced and moved while their jobs wait,
are uploaded, submitted and put away, and while spending is paused and resumed:

- Nothing is left in an inbox: all that stayed there is put away into `done/`, nothing is in `failed/`.
- Each content that lies in `done/` was submitted exactly once and lies in an outbox. One exception: what a program
  writes to a file that is put away already, because it had opened it before, or by another name of the file.
- No content is submitted twice, at however many places it lay and however often it was touched; none is submitted
  that was never whole. What was submitted arrives, though its file was deleted meanwhile.
- Each job ends: done, or cancelled because its file is gone or another.

A content that is renamed while its job is under way is a second job, which gets the first one's result: paid once,
delivered once for each place. So how often a content arrives is not promised here, only that it does.
"""

import hashlib
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from daemon.sandbox.journal import Entry
from daemon.states import State
from tests.conftest import Figure
from tests.daemon.house import House, files_below, house_in
from tests.histories import Step, World, histories
from tests.support import wait_for

OTHERS = ("rescan", "pause", "resume", "wait")
FOLDERS = ("one", "two")
ENDS = {(State.DONE, None), (State.CANCELLED, "source_gone"), (State.CANCELLED, "source_changed")}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_in(str(tmp_path_factory.mktemp("histories"))) as house:
        house.start({name: {"settle": 0.02, "patience": 3600.0} for name in FOLDERS})
        yield house


class Play:
    """Histories in a house, one after the other, each with directories of its own."""

    def __init__(self, house: House, number: int) -> None:
        self._house = house
        self.number = number
        self.steps = 0

    def play(self, history: list[Step]) -> None:
        house = self._house
        world = World([house.inbox(name) for name in FOLDERS], os.path.join(house.base, "outside"), self.number)
        jobs, submits = len(house.jobs()), len(house.submits())
        try:
            for step in history:
                if step[0] in OTHERS:
                    self._play(step[0])
                else:
                    world.play(step)
            house.daemon.parts.actions.resume()
            house.daemon.parts.inbox.rescan()
            self._until_over()
            self._check_money(world, house.submits()[submits:])
            self._check_files(world, house.submits()[submits:])
            ends = {(job.state, job.error_code) for job in house.jobs()[jobs:]}
            assert ends <= ENDS
        finally:
            house.daemon.parts.actions.resume()
            world.clear()
            self.number = world.number + 1
            self.steps += world.done

    def _play(self, action: str) -> None:
        daemon = self._house.daemon
        match action:
            case "rescan":
                daemon.parts.inbox.rescan()
            case "pause":
                daemon.parts.actions.pause()
            case "resume":
                daemon.parts.actions.resume()
            case "wait":
                self._house.until_rest()

    def _until_over(self) -> None:
        house = self._house

        def over() -> bool:
            house.hurry()
            return house.daemon.parts.inbox.quiet() and all(job.put_away for job in house.jobs())

        wait_for(over, 20, "every job to end")

    @staticmethod
    def _check_money(world: World, submits: list[Entry]) -> None:
        sent = [digest for entry in submits for digest in entry.uploads]
        assert len(sent) == len(set(sent)), "a content was submitted twice"
        assert set(sent) <= world.contents, "what never was whole was submitted"

    def _check_files(self, world: World, submits: list[Entry]) -> None:
        house = self._house
        sent = {digest for entry in submits for digest in entry.uploads}
        done: set[str] = set()
        arrived: set[str] = set()
        for name in FOLDERS:
            own = os.path.basename(world.outside)
            done |= digests(os.path.join(house.inbox(name, "done"), own))
            arrived |= digests(os.path.join(house.outbox(name), own))
            assert not os.path.exists(house.inbox(name, "failed"))
        assert world.files() == []
        assert done - world.late <= sent, "a file was put away that was never submitted"
        assert sent <= arrived, "what was submitted did not arrive"


def digests(directory: str) -> set[str]:
    """Give the SHA-256 of the files below a directory."""
    return {hashlib.sha256(data).hexdigest() for data in files_below(directory).values()}


def play_many(house: House, number: int, most: int, first: int = 0) -> int:
    """Play `number` histories of up to `most` steps, contents counted from `first`; give the number of steps."""
    one = Play(house, first)

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=False,  # else hypothesis would draw the same histories in every run of CI
    )
    @given(history=histories(*OTHERS, most=most))
    def play(history: list[Step]) -> None:
        one.play(history)

    play()
    return one.steps


def test_what_stays_is_paid_for_once_and_arrives(house: House) -> None:
    play_many(house, 8, 30)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_stays_through_many_steps_is_paid_for_once_and_arrives(house: House, figure: Figure) -> None:
    figure("steps in histories of a house", play_many(house, 40, 60, first=1_000_000))
    figure("submits in histories of a house", len(house.submits()))
