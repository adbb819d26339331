"""What tests do to jobs of a store: add them, lead them on, do things at once, count."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from daemon.states import Job, State
from daemon.table.store import Store
from tests.made import new_job

WAY = (State.UPLOADING, State.UPLOADED, State.SUBMITTING, State.PROCESSING, State.DOWNLOADING, State.DONE)
number = iter(range(10**9))


def add(store: Store, **values: Any) -> Job:
    (job,) = store.add([new_job(f"/srv/in/cats/{next(number)}.jpg", **values)])
    return job


def brought_to(store: Store, job: Job, to: State, **changes: Any) -> Job:
    """Lead a queued job along the usual way until it is `to`."""
    for state in WAY[: WAY.index(to) + 1]:
        job = store.advance(job, state, "on", **(changes if state is to else {}))
    return job


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """Run all at once; give the results."""
    barrier = threading.Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def counted(store: Store) -> Counter[tuple[str, State]]:
    return Counter((job.folder, job.state) for job in store.listed())
