"""What `check` finds on this machine: folders, room, limits; by real directories."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.check import Finding, Level, findings, worst
from daemon.check.limits import watch_findings
from daemon.check.places import FileSystem
from daemon.config import Settings, load, make_folders
from tests.config.texts import ENVIRON, folder, settings

LOCAL = FileSystem("ext4", network=False)
SHARE = FileSystem("nfs4", network=True)


def of(base: Path, extra: str = "", **lines: str) -> Settings:
    rule = folder(**{"inbox": f'"{base}/in"', "outbox": f'"{base}/out"', **lines})
    return settings(f'state_dir = "{base}/state"\n{extra}{rule}')


def looked(found: Settings, kind: FileSystem = LOCAL) -> list[Finding]:
    return findings(found, ENVIRON, offline=True, file_system=lambda _: kind)


def at(found: list[Finding], key: str) -> list[tuple[Level, str]]:
    return [(each.level, each.message) for each in found if each.key == key]


@contextmanager
def another_user() -> Iterator[None]:
    """Give up root's rights for a while: root may write everywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_is_missing_will_be_made_and_is_not_made_now(tmp_path: Path) -> None:
    found = looked(of(tmp_path))
    assert worst(found) in {Level.OK, Level.WARNING}
    assert at(found, "folders.cats.inbox") == [(Level.OK, f'"{tmp_path}/in" will be made')]
    assert os.listdir(tmp_path) == []


def test_folders_that_are_there_are_written_to_and_left_as_they_were(tmp_path: Path) -> None:
    rules = of(tmp_path)
    assert make_folders(rules, {}, lambda _: "/") == []
    found = looked(rules)
    for key, path in [("state_dir", "state"), ("folders.cats.inbox", "in"), ("folders.cats.outbox", "out")]:
        assert (Level.OK, f'"{tmp_path}/{path}" is there and can be written to') in at(found, key)
        assert os.listdir(tmp_path / path) == []


def test_a_folder_that_can_not_be_written_to_is_a_fault(tmp_path: Path) -> None:
    # nobody, not even root, can make a file in /proc
    rules = of(tmp_path, inbox='"/proc/self"', outbox='"/proc/sys"')
    found = looked(rules)
    for key in ("folders.cats.inbox", "folders.cats.outbox"):
        assert [level for level, message in at(found, key) if "can't be written to" in message] == [Level.FAULT]
    assert worst(found) is Level.FAULT


def test_an_inbox_that_is_only_read_will_do_where_sources_are_kept(tmp_path: Path) -> None:
    (finding,) = at(looked(of(tmp_path, inbox='"/proc/self"', after='"keep"')), "folders.cats.inbox")
    assert finding[0] is Level.WARNING
    assert "/proc/self/failed" in finding[1]


def test_a_file_in_the_way_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("")
    assert at(looked(of(tmp_path)), "folders.cats.inbox") == [
        (Level.FAULT, f'"{tmp_path}/in" is there and is not a folder')
    ]


def test_rights_that_are_missing_are_a_fault(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    rules = of(closed)
    closed.chmod(0o500)
    with another_user():
        found = looked(rules)
    assert [level for level, _ in at(found, "folders.cats.outbox")] == [Level.FAULT]


def test_a_state_directory_that_others_see_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o755)
    assert any("chmod 700" in message for _, message in at(looked(of(tmp_path)), "state_dir"))


@pytest.mark.parametrize(
    ("watch", "level"), [("auto", Level.OK), ("polling", Level.OK), ("events", Level.WARNING)]
)
def test_a_network_file_system_is_told(tmp_path: Path, watch: str, level: Level) -> None:
    found = looked(of(tmp_path, watch=f'"{watch}"'), SHARE)
    assert [each for each, message in at(found, "folders.cats.inbox") if "nfs4" in message] == [level]
    assert any("nfs4" in message for _, message in at(found, "state_dir"))


def test_the_example_has_no_fault_on_this_machine(tmp_path: Path) -> None:
    path = os.path.join(os.path.dirname(__file__), "..", "..", "config", "hotfolder.toml")
    environ = {"HOME": str(tmp_path)}
    assert worst(findings(load(path, environ, need_key=False), environ, offline=True)) is not Level.FAULT


def limits(directory: Path, watches: int, instances: int) -> str:
    (directory / "max_user_watches").write_text(f"{watches}\n")
    (directory / "max_user_instances").write_text(f"{instances}\n")
    return str(directory)


def test_directories_are_held_against_the_kernels_limits(tmp_path: Path) -> None:
    for name in ("a", "b", "c/d"):
        (tmp_path / "in" / name).mkdir(parents=True)
    rules = of(tmp_path)

    def told(watches: int, rules: Settings = rules, instances: int = 128) -> list[Level]:
        return [
            each.level for each in watch_findings(rules, lambda _: LOCAL, limits(tmp_path, watches, instances))
        ]

    assert told(5) == [Level.OK]
    assert told(4) == [Level.WARNING]
    assert told(1, of(tmp_path, recursive="false")) == [Level.OK]
    assert told(0, of(tmp_path, watch='"polling"')) == [Level.OK]
    assert told(5, instances=0) == [Level.WARNING, Level.OK]


def test_limits_that_are_hidden_are_passed_over(tmp_path: Path) -> None:
    assert list(watch_findings(of(tmp_path), lambda _: LOCAL, str(tmp_path / "none"))) == []


def test_a_key_file_is_looked_at_offline_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("apikey-1")
    (tmp_path / "key").chmod(0o644)
    found = looked(of(tmp_path, f'[api]\napi_key_file = "{tmp_path}/key"\n'))
    (finding,) = at(found, "api.api_key_file")
    assert finding[0] is Level.WARNING
    assert "chmod 600" in finding[1]
