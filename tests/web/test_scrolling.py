"""Five thousand jobs on one page: all of them come as one scrolls, and the frames are measured."""

import statistics
from collections.abc import Iterator

import pytest

from daemon.states import NewJob
from tests.conftest import Figure
from tests.daemon.house import FOLDER, House, house_in
from tests.daemon.samples import picture
from tests.web.browser import chromium, complaints, picture_of
from tests.web.conftest import WEB
from tests.web.visitor import opened

JOBS, PICTURES = 5000, 50
#: Goes to the end again and again until so many jobs are there, or a minute and a half has passed; gives how many.
LOAD = """
const done = arguments[arguments.length - 1], wanted = arguments[0];
const cards = document.getElementsByClassName("card"), began = performance.now();
function look() {
  if (cards.length >= wanted || performance.now() - began > 90000) return done(cards.length);
  scrollTo(0, document.documentElement.scrollHeight);
  setTimeout(look, 50);
}
look();
"""
#: Scrolls as a wheel does, from the middle on, for so many frames; gives each one's milliseconds.
SCROLL = """
const done = arguments[arguments.length - 1], frames = [];
let last = 0, left = arguments[0];
scrollTo(0, document.documentElement.scrollHeight / 2);
function frame(now) {
  if (last) frames.push(now - last);
  last = now;
  scrollBy(0, 120);
  if (left--) requestAnimationFrame(frame);
  else done(frames);
}
requestAnimationFrame(frame);
"""


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Have thousands of jobs that wait, with pictures that are there."""
    with house_in(str(tmp_path_factory.mktemp("house"))) as running:
        running.start(web=WEB)
        running.daemon.parts.actions.pause()
        sources = [f"{running.base}/{number}.png" for number in range(PICTURES)]
        for number, source in enumerate(sources):
            running.put(source, picture(number))
        new = [
            NewJob(
                folder=FOLDER,
                source=sources[number % PICTURES],
                identity=f"1:{number}:1",
                size=1,
                model="sandbox/echo",
                in_inbox=False,
            )
            for number in range(JOBS)
        ]
        running.daemon.parts.store.add(new)
        yield running


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_five_thousand_jobs_scroll(house: House, figure: Figure) -> None:
    opened(house.daemon.page)
    with chromium() as page:
        page.set_script_timeout(120)
        page.get(house.daemon.page.ticket())
        there = page.execute_async_script(LOAD, JOBS)
        frames: list[float] = sorted(page.execute_async_script(SCROLL, 240))
        figure("frame among 5,000 jobs, median", f"{statistics.median(frames):.1f} ms")
        figure("frame among 5,000 jobs, 95 %", f"{frames[len(frames) * 95 // 100]:.1f} ms")
        figure("frame among 5,000 jobs, longest", f"{frames[-1]:.0f} ms")
        assert there == JOBS
        picture_of(page, "page-5000")
        assert complaints(page) == []
