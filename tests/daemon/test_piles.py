"""Twenty thousand files at once: memory stays, no folder waits for another, the newest file not for the oldest."""

import contextlib
import os
from collections.abc import Iterator

import pytest

from daemon.clock import Clock
from daemon.service.control import ask
from daemon.service.service import table_url
from daemon.states import State
from daemon.table.queries import Queries
from tests.conftest import Figure
from tests.daemon.house import House
from tests.daemon.process import Process, running
from tests.histories import numbered_picture
from tests.support import wait_for

PILE, LATE = 20_000, 10
#: How much the daemon may grow, in bytes: 2 kB for each file of the pile, which it does not keep in memory.
MOST_GROWN = 40_000_000


class Pile:
    """A daemon at work on a pile, and the most memory that was seen."""

    def __init__(self, house: House, process: Process, queries: Queries) -> None:
        self._house = house
        self._process = process
        self._queries = queries
        self.most = 0

    def done(self, folder: str) -> int:
        """Count the finished jobs of a folder."""
        states = ask(self._house.settings().state_dir, "status")["folders"][folder]["states"]
        return int(states.get("done", 0))

    def until_taken(self, number: int) -> None:
        """Wait until there are so many jobs in all."""

        def taken() -> bool:
            self.most = max(self.most, self._process.memory())
            total: dict[str, int] = ask(self._house.settings().state_dir, "status")["total"]
            return sum(total.values()) == number

        wait_for(taken, 100, f"{number} jobs")

    def drop(self, folder: str, first: int, number: int) -> None:
        for each in range(first, first + number):
            self._house.drop(f"{each}.png", numbered_picture(each), folder)

    def until_newest_done(self) -> None:
        """Wait until the latest files of both folders are done, whatever else waits."""

        def over() -> bool:
            self.most = max(self.most, self._process.memory())
            late = [job for folder in ("pile", "other") for job in self._queries.listed(folder=folder, limit=LATE)]
            return len(late) == 2 * LATE and all(job.state is State.DONE for job in late)

        wait_for(over, 100, "the latest files to be done")


@contextlib.contextmanager
def working(house: House) -> Iterator[tuple[Process, Pile]]:
    """Start a daemon that watches two folders, and bring it to the memory that it needs at work."""
    house.configure({"pile": {}, "other": {}})
    with running(house) as process:
        queries = Queries(table_url(house.settings()), Clock())
        try:
            pile = Pile(house, process, queries)
            pile.drop("other", 1_000_000, 300)
            wait_for(lambda: pile.done("other") == 300, 60, "the first files")
            yield process, pile
        finally:
            queries.close()


def bring_pile(house: House) -> None:
    """Move a directory of so many files into the inbox, all in one step."""
    draft = os.path.join(house.base, "draft")
    os.mkdir(draft)
    for number in range(PILE):
        with open(os.path.join(draft, f"{number}.png"), "wb") as file:
            file.write(numbered_picture(number))
    os.rename(draft, house.inbox("pile", "all"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_thousand_files_at_once(house: House, figure: Figure) -> None:
    """What is dropped last, here and in another folder, is done after a few of the pile, not after all of it."""
    with working(house) as (process, pile):
        before = pile.most = process.memory()
        bring_pile(house)
        pile.until_taken(300 + PILE)
        first = pile.done("pile")
        pile.drop("other", 2_000_000, LATE)
        pile.drop("pile", 3_000_000, LATE)
        pile.until_taken(300 + PILE + 2 * LATE)
        pile.until_newest_done()
        passed = pile.done("pile") - first
        figure(f"memory at work, MB, and with {PILE} files more", f"{before / 1e6:.0f}, {pile.most / 1e6:.0f}")
        figure(f"of the pile done before {2 * LATE} files that came after it", passed)
        assert passed < PILE // 20
        assert pile.most - before < MOST_GROWN
        assert process.terminate() == 0
    assert all(len(entries) == 1 for entries in house.sandbox.submits_by_sha256().values())
