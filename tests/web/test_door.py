"""The page's life beside the daemon's: opened late, closed early, and never in the way."""

import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from daemon.cli.status_view import view_of
from daemon.errors import Refused
from tests.daemon.house import House, house_in
from tests.docs.pages import ROOT
from tests.support import wait_for
from tests.web.conftest import WEB
from tests.web.visitor import opened

SERVICE = """
import sys
import daemon.service.service, daemon.service.foreground
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(str(tmp_path)) as running:
        yield running


def test_a_daemon_without_the_page_loads_nothing_of_it() -> None:
    command = [sys.executable, "-c", SERVICE]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "daemon" in loaded
    assert not {"starlette", "uvicorn", "jinja2", "PIL"} & set(loaded)


def test_it_is_off_unless_the_configuration_wants_it(house: House) -> None:
    house.start()
    house.daemon.page.open()
    assert house.daemon.status()["daemon"]["page"] == {"enabled": False, "address": None, "trouble": None}
    with pytest.raises(Refused, match="the page is off"):
        house.daemon.page.ticket()


def test_a_port_that_is_taken_stops_nothing(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        house.start(web={"enabled": True, "port": taken.getsockname()[1]})
        house.daemon.page.open()
        trouble = wait_for(lambda: house.daemon.page.fields()["trouble"], 20, "the page to say what is wrong")
        assert "in use" in str(trouble)
        with pytest.raises(Refused, match="in use"):
            house.daemon.page.ticket()
        source = house.drop("cat.txt", b"a cat")
        assert house.job(source) is None  # no rule takes it; but the daemon looks
    house.reload(web=WEB)
    visitor = opened(house.daemon.page)
    visitor.enter(house.daemon.page.ticket())
    assert visitor.get("/api/status").status == 200


def test_a_session_outlives_a_restart_and_ends_with_the_token(house: House) -> None:
    house.start(web=WEB)
    visitor = opened(house.daemon.page)
    visitor.enter(house.daemon.page.ticket())
    house.rewrite("port = 0", f"port = {visitor.port}")
    house.restart()
    opened(house.daemon.page)
    assert visitor.get("/api/status").status == 200
    house.stop()
    os.unlink(os.path.join(house.settings().state_dir, "page-token"))
    house.begin()
    opened(house.daemon.page)
    assert visitor.get("/api/status").status == 401


def test_a_token_that_others_could_read_is_made_anew(house: House) -> None:
    path = os.path.join(house.base, "state", "page-token")
    os.makedirs(os.path.dirname(path))
    with open(path, "w", encoding="ascii") as file:
        file.write("x" * 43)
    os.chmod(path, 0o644)
    house.start(web=WEB)
    visitor = opened(house.daemon.page)
    assert visitor.get("/api/status", Authorization=f"Bearer {'x' * 43}").status == 401
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_reload_opens_and_closes_it(house: House) -> None:
    house.start()
    house.reload(web=WEB)
    visitor = opened(house.daemon.page)
    house.reload()
    assert house.daemon.page.fields()["address"] is None
    with pytest.raises(ConnectionRefusedError):
        visitor.get("/")


def test_the_status_says_where_the_page_is_or_what_is_in_the_way(house: House) -> None:
    def said() -> str:
        console = Console(width=200, file=io.StringIO())
        with console.capture() as capture:
            console.print(view_of(house.daemon.status(), new=False))
        return capture.get()

    house.start()
    assert "page" not in said()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        house.reload(web={"enabled": True, "port": taken.getsockname()[1]})
        wait_for(lambda: "The page can't be served" in said(), 20, "the trouble to be told")
    house.reload(web=WEB)
    wait_for(lambda: "The page is at http://127.0.0.1:" in said(), 20, "the page to be told")
