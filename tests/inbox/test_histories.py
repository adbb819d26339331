"""Any history of two inboxes, while events and scans race: what is there in the end is a job exactly once.

The promise of the inbox, for one version of a file (inode, length, time of change) at one place (its path):

- One that is there when all is quiet after a scan is a job, exactly once, however many events and scans told of
  it, and whether it was written there, renamed, linked, or came with a directory that was moved.
- One that was there only for a while may be a job or not: it was seen or it was not. Its job stays in the table,
  where the upload finds that its file is gone or another; see tests/daemon/test_histories.py.
- What never was there whole is no job: no half of a file that was written in two parts, no name under which a
  program wrote before it renamed, no path that a moved directory had before.

So a file that is replaced before it was looked at is one job, of its last content. One that was taken in and is
then renamed, or moved to the other inbox, is a job at each of its places, of which the first ends as cancelled.
No history makes a file fail.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from daemon.clock import Clock
from daemon.config import FolderRule
from daemon.inbox.intake import Inbox
from daemon.table.store import Store
from tests.conftest import Figure
from tests.histories import Step, World, histories
from tests.made import made_rule
from tests.support import wait_for

OTHERS = ("rescan", "rescan", "rescan one", "wait", "restart")


class Bench:
    """Two inboxes, watched, and a job table that nothing works off."""

    def __init__(self, base: Path) -> None:
        self.outside = str(base / "outside")
        self.inboxes = [str(base / "in" / name) for name in ("one", "two")]
        for path in (*self.inboxes, self.outside):
            Path(path).mkdir(parents=True)
        self._clock = Clock()
        self.store = Store(f"sqlite:///{base}/jobs.db", self._clock)
        self.number = 0
        self.steps = 0
        self.begin()

    def begin(self) -> None:
        self.inbox = Inbox(
            known=self.store.known, add=self.store.add, clock=self._clock.now, on_note=lambda *_: None
        )
        self.inbox.start({rule.name: rule for rule in map(self._rule, self.inboxes)})
        assert self.inbox.ready.wait(10)

    @staticmethod
    def _rule(inbox: str) -> FolderRule:
        return made_rule(Path(inbox).name, inbox=inbox, outbox=f"{inbox}-out", settle=0.02, patience=3600.0)

    def close(self) -> None:
        self.inbox.stop()
        self.store.close()

    def play(self, history: list[Step]) -> None:
        """Play a history in directories of its own, and see what is in the table in the end."""
        world = World(self.inboxes, self.outside, self.number)
        try:
            for step in history:
                if step[0] in OTHERS:
                    self._play(step)
                else:
                    world.play(step)
            self.inbox.rescan()
            self.until_quiet()
            self.check(world)
        finally:
            world.clear()
            self.number = world.number + 1
            self.steps += world.done

    def _play(self, step: Step) -> None:
        match step[0]:
            case "rescan":
                self.inbox.rescan()
            case "rescan one":
                self.inbox.rescan(("one", "two")[step[1] % 2])
            case "wait":
                self.until_quiet()
            case "restart":
                self.inbox.stop()
                self.begin()

    def until_quiet(self) -> None:
        wait_for(self.inbox.quiet, 20, "the inbox to be quiet")

    def check(self, world: World) -> None:
        roots = tuple(f"{root}/" for root in world.roots)
        jobs = [job for job in self.store.listed() if job.source.startswith(roots)]
        known = [(job.source, job.identity) for job in jobs]
        assert len(known) == len(set(known)), "a file is two jobs"
        assert world.present() <= set(known), "a file that is there is no job"
        assert set(known) <= world.places, "a job is of what never was there"
        assert [job.error_message for job in jobs if job.final] == []


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("histories"))
    yield bench
    bench.close()


def play_many(bench: Bench, number: int, most: int) -> None:
    """Play `number` histories of up to `most` steps. None is shortened when it fails: a race is not met twice."""

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=False,  # else hypothesis would draw the same histories in every run of CI
    )
    @given(history=histories(*OTHERS, most=most))
    def play(history: list[Step]) -> None:
        bench.play(history)

    play()


def test_what_is_there_in_the_end_is_a_job_exactly_once(bench: Bench) -> None:
    play_many(bench, 15, 30)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_is_there_after_many_steps_is_a_job_exactly_once(bench: Bench, figure: Figure) -> None:
    before = bench.steps
    play_many(bench, 60, 60)
    figure("steps in histories of inboxes", bench.steps - before)
