"""Which rows are taken up first where many wait: each folder has its turn, with its newest and its oldest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.atlas.pacing import Pacing
from daemon.clock import Clock
from daemon.config import Settings
from daemon.gates.gate import Gates
from daemon.table.store import Store
from daemon.work.claims import Claims
from tests.made import made_rule, new_job

#: Files of each folder's pile.
PILE = 40


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/jobs.db", Clock())
    yield store
    store.close()


def claims_on(store: Store, names: list[str]) -> Claims:
    settings = Settings(folders={name: made_rule(name) for name in names})
    return Claims(
        store,
        Gates(),
        Pacing(64, lambda: 0.5),
        Clock(),
        settings,
        by="me",
        later=lambda _: None,
    )


@pytest.mark.parametrize("beside", [0, 1, 2, 3])
@pytest.mark.parametrize(("piles", "empty"), [(1, 0), (1, 5), (2, 0), (2, 1), (3, 0), (4, 0)])
def test_each_pile_gives_its_newest_and_its_oldest_by_turns(
    store: Store, piles: int, empty: int, beside: int
) -> None:
    """However many folders there are, and however often is asked `beside` for another stage."""
    names = [f"pile-{number}" for number in range(piles)]
    claims = claims_on(store, [*names, *(f"empty-{number}" for number in range(empty))])
    for name in names:
        store.add([new_job(f"/srv/in/{name}/{number}.jpg", folder=name) for number in range(PILE)])
    taken: dict[str, list[int]] = {name: [] for name in names}
    while any(len(files) < 4 for files in taken.values()):
        (job,) = claims.for_upload(1)
        taken[job.folder].append(int(Path(job.source).stem))
        for _ in range(beside):
            claims.for_download(1)
    assert all(files[:4] == [PILE - 1, 0, PILE - 2, 1] for files in taken.values()), taken
