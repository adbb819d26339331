"""One house for a module's tests, with the page open, and somebody who has entered it."""

from collections.abc import Iterator

import pytest

from tests.daemon.house import House, house_in
from tests.web.visitor import Visitor, opened

WEB = {"enabled": True, "port": 0}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_in(str(tmp_path_factory.mktemp("house"))) as running:
        running.start(web=WEB)
        yield running


@pytest.fixture
def stranger(house: House) -> Visitor:
    """Somebody who may reach the port, and no more."""
    return opened(house.daemon.page)


@pytest.fixture
def visitor(house: House) -> Visitor:
    """Somebody who entered by an address of `hotfolder page`."""
    visitor = opened(house.daemon.page)
    visitor.enter(house.daemon.page.ticket())
    return visitor
