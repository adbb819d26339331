"""An API that is out: nothing is lost, no attempt is wasted, and nobody is stormed with retries."""

import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from daemon.clock import Clock
from daemon.gates.gate import FIRST_PROBE
from daemon.service.service import table_url
from daemon.source import identity_of
from daemon.states import NewJob, State
from daemon.table.store import Store
from daemon.work.claims import UPLOADS
from tests.conftest import Figure
from tests.daemon.house import FOLDER, House
from tests.daemon.samples import picture
from tests.support import wait_for

#: What the daemon promises: no more requests than this in any second of an outage.
MOST_A_SECOND = 10
#: For so many seconds, by the journal, an outage is watched.
WATCHED = 3.0


def pile(house: House, number: int) -> None:
    """Put so many files into the inbox and into the table, as a daemon had left them that took them in."""
    os.makedirs(house.inbox(), exist_ok=True)
    first = house.inbox(FOLDER, "0.png")
    house.put(first, picture())
    for each in range(1, number):
        os.link(first, house.inbox(FOLDER, f"{each}.png"))
    status = os.stat(first)
    os.makedirs(house.settings().state_dir)
    store = Store(table_url(house.settings()), Clock())
    sources = [house.inbox(FOLDER, f"{each}.png") for each in range(number)]
    store.add([NewJob(FOLDER, source, identity_of(status), status.st_size, "sandbox/echo") for source in sources])
    store.close()


def most_in_a_second(times: Sequence[float]) -> int:
    """Give the greatest number of `times` (seconds) that lie within one second."""
    return max(sum(at <= other < at + 1.0 for other in times) for at in times)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("status", {"code": 503}),
        pytest.param("status", {"code": 429}, marks=pytest.mark.slow),
        pytest.param("status", {"code": 500}, marks=pytest.mark.slow),
        pytest.param("reset_before", {}, marks=pytest.mark.slow),
        pytest.param("html_200", {}, marks=pytest.mark.slow),
    ],
)
def test_a_thousand_jobs_do_not_storm_an_api_that_is_out(
    house: House, figure: Figure, kind: str, options: dict[str, Any]
) -> None:
    house.sandbox.fault("any", kind, **options, count=None)
    house.configure(duplicates="process")
    pile(house, 1000)
    house.begin()

    def times() -> list[float]:
        return [entry.at for entry in house.sandbox.journal()]

    wait_for(lambda: times() and times()[-1] - times()[0] >= WATCHED, 20, "the retries")
    most = most_in_a_second(times())
    figure(f"most requests in a second of an outage ({kind} {options.get('code', '')}), 1,000 jobs waiting", most)
    assert most <= MOST_A_SECOND
    assert {job.state for job in house.jobs()} <= {State.QUEUED, State.UPLOADING}


@pytest.mark.slow
def test_a_thousand_jobs_do_not_storm_an_api_that_can_not_be_reached(house: House, figure: Figure) -> None:
    times: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up_on_all, args=(listener, times), daemon=True).start()
        house.configure(duplicates="process")
        # TLS that is not answered: for a client no connection was made, but this side can count the attempts
        house.rewrite(house.sandbox.url, f"https://127.0.0.1:{listener.getsockname()[1]}")
        pile(house, 1000)
        house.begin()
        wait_for(
            lambda: any(gate.wait > FIRST_PROBE for gate in house.daemon.parts.gates.closed()),
            20,
            "a probe in vain",
        )
        house.until_rest()
        assert house.gates() == {"unreachable": ""}
        listener.shutdown(socket.SHUT_RDWR)
    most = most_in_a_second(times)
    figure("most connections in a second to a host out of reach, 1,000 jobs waiting", most)
    assert most <= MOST_A_SECOND
    assert all(job.state is State.QUEUED and job.attempts == 0 for job in house.jobs())


def hang_up_on_all(listener: socket.socket, times: list[float]) -> None:
    """Accept and close connections, and note when, until the listener is shut down."""
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        times.append(time.monotonic())
        peer.close()


@pytest.mark.slow
def test_a_host_of_results_that_is_out_costs_the_api_no_requests(house: House) -> None:
    house.sandbox.fault("download", "status", code=503, count=None)
    house.start()
    sources = [house.drop(f"{number}.png", picture(number)) for number in range(30)]
    for source in sources:
        house.until(source, State.DOWNLOADING)
    wait_for(lambda: house.sandbox.count("download") >= 5, 20, "the retries")
    assert house.sandbox.count("poll") == len(sources)
    assert most_in_a_second([entry.at for entry in house.sandbox.journal() if entry.call == "download"]) <= 10
    house.sandbox.clear_faults()
    for source in sources:
        house.hurried(source)
    assert len(house.submits()) == len(sources)


def test_a_step_that_makes_no_call_says_nothing_of_the_service(house: House) -> None:
    house.sandbox.fault("upload", "status", code=503, count=None)
    house.start({"pictures": {}, "prompts": {"input": False, "model": "google/nano-banana-2/text-to-image"}})
    house.drop("cat.png", picture(), "pictures")
    wait_for(lambda: house.daemon.parts.pacing.window(UPLOADS).failures >= 2, 20, "two failed uploads")
    house.until(house.drop("sunset.txt", b"a sunset", "prompts"))  # nothing to be uploaded
    assert house.daemon.parts.pacing.window(UPLOADS).failures >= 2
