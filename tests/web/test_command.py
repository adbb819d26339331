"""`hotfolder page`, as a person runs it."""

import os
from pathlib import Path

from daemon.sandbox.server import Sandbox
from tests.cli.house import House


def test_without_a_daemon_or_a_page_it_says_what_to_do(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        house = House(os.fspath(tmp_path), sandbox)
        assert "no hotfolder daemon runs" in house.run("page", code=1).stderr
        with house.daemon():
            assert "write enabled = true under [web]" in house.run("page", code=2).stderr
