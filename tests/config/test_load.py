"""Reading a good configuration: defaults, paths, where it is looked for, and the shipped example."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from daemon.config import find, load
from daemon.errors import ConfigError
from tests.config.texts import HOME, folder, settings

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "config", "hotfolder.toml")


def test_defaults_are_those_of_the_contract() -> None:
    found = settings(folder())
    assert found.state_dir == f"{HOME}/.local/state/hotfolder"
    assert found.api.base_url == "https://api.atlascloud.ai"
    assert (found.limits.uploads, found.limits.in_flight, found.limits.max_result_mb) == (4, 100, 2048)
    assert found.database.url is None
    assert found.path == "/etc/hotfolder/hotfolder.toml"
    rule = found.folders["cats"]
    assert (rule.name, rule.input, rule.prompt, rule.params) == ("cats", "image_url", "", {})
    assert (rule.recursive, rule.after, rule.settle, rule.patience) == (True, "archive", 2.0, 300.0)
    assert (rule.watch, rule.on_unknown_submit, rule.duplicates) == ("auto", "hold", "reuse")
    assert (rule.max_size_mb, rule.in_flight) == (None, None)
    assert (rule.provenance, rule.sidecar_wait, rule.deadline_minutes) == (True, 0.0, 60.0)


@pytest.mark.parametrize(
    ("field", "pattern"),
    [
        ('"image_url"', "*.jpg"),
        ('"images[]"', "*.webp"),
        ('"video"', "*.mp4"),
        ('"audio"', "*.mp3"),
        ("false", "*.txt"),
    ],
)
def test_match_follows_the_kind_of_input(field: str, pattern: str) -> None:
    assert pattern in settings(folder(input=field)).folders["cats"].match


def test_input_field_and_its_form() -> None:
    listed = settings(folder(input='"images[]"')).folders["cats"]
    assert (listed.input_field, listed.input_is_list, listed.takes_media) == ("images", True, True)
    single = settings(folder()).folders["cats"]
    assert (single.input_field, single.input_is_list) == ("image_url", False)
    text = settings(folder(input="false")).folders["cats"]
    assert (text.input_field, text.input_is_list, text.takes_media) == (None, False, False)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("~", HOME),
        ("~/in", f"{HOME}/in"),
        ("in", "/etc/hotfolder/in"),
        ("../in/./x", "/etc/in/x"),
        ("//srv//in/", "/srv/in"),
        ("-in", "/etc/hotfolder/-in"),
    ],
)
def test_paths_become_absolute(written: str, path: str) -> None:
    text = 'state_dir = "/var/lib/hotfolder"\n' + folder(inbox=f'"{written}"')
    assert settings(text).folders["cats"].inbox == path


def test_a_directory_of_any_bytes_carries_a_configuration(tmp_path: Path) -> None:
    odd = os.path.join(os.fsencode(tmp_path), b"odd-\xff\n")
    os.mkdir(odd)
    with open(os.path.join(odd, b"hotfolder.toml"), "w", encoding="utf-8") as file:
        file.write("\ufeff" + folder(inbox='"in"'))
    path = os.fsdecode(os.path.join(odd, b"hotfolder.toml"))
    found = load(path, {"HOME": HOME}, need_key=False)
    assert (found.path, found.folders["cats"].inbox) == (path, os.path.join(os.fsdecode(odd), "in"))


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://api.example.com/", "https://api.example.com"),
        ("https://gateway.example.com/atlas/", "https://gateway.example.com/atlas"),
        ("http://127.0.0.1:8459", "http://127.0.0.1:8459"),
        ("http://localhost:8459/", "http://localhost:8459"),
        ("http://[::1]:8459", "http://[::1]:8459"),
    ],
)
def test_base_url_loses_its_last_slash_and_the_variable_wins(written: str, url: str) -> None:
    assert settings(f'[api]\nbase_url = "{written}"\n' + folder()).api.base_url == url
    environ = {"HOME": HOME, "ATLASCLOUD_BASE_URL": written}
    assert settings('[api]\nbase_url = "https://other.example"\n' + folder(), environ).api.base_url == url


def test_the_table_can_lie_elsewhere() -> None:
    found = settings('[database]\nurl = "sqlite:///~/jobs.db"\n' + folder())
    assert found.database.url == f"sqlite:///{HOME}/jobs.db"
    assert found.database_file == f"{HOME}/jobs.db"
    assert settings(folder()).database_file == f"{HOME}/.local/state/hotfolder/jobs.db"


def test_settings_are_frozen_and_compare_by_value() -> None:
    found = settings(folder())
    with pytest.raises(ValidationError):
        found.state_dir = "/elsewhere"  # type: ignore[misc]  # that it fails is the point
    assert found.folders == settings(folder()).folders
    assert found.folders != settings(folder(settle="3")).folders


def test_find_takes_the_nearest(tmp_path: Path) -> None:
    home = tmp_path / "home"
    own = home / ".config" / "hotfolder" / "hotfolder.toml"
    own.parent.mkdir(parents=True)
    own.write_text("")
    environ = {"HOME": str(home)}
    assert find(None, environ) == str(own)
    assert find(None, {**environ, "XDG_CONFIG_HOME": "relative"}) == str(own)
    xdg = tmp_path / "xdg" / "hotfolder" / "hotfolder.toml"
    xdg.parent.mkdir(parents=True)
    xdg.write_text("")
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    assert find(None, environ) == str(xdg)
    environ["HOTFOLDER_CONFIG"] = "/not/there.toml"
    assert find(None, environ) == "/not/there.toml"
    assert find("given.toml", environ) == os.path.abspath("given.toml")


def test_find_says_where_it_looked(tmp_path: Path) -> None:
    if os.path.exists("/etc/hotfolder/hotfolder.toml"):
        pytest.skip("this machine has a configuration of its own")
    with pytest.raises(ConfigError, match=r"hotfolder init") as caught:
        find(None, {"HOME": str(tmp_path)})
    assert str(tmp_path) in str(caught.value)


def test_what_is_no_file_is_a_fault(tmp_path: Path) -> None:
    for path, words in [
        (tmp_path / "none.toml", "no such file"),
        (tmp_path, "is a directory"),
        (Path("/dev/zero"), "far too large"),
    ]:
        with pytest.raises(ConfigError, match=words) as caught:
            load(str(path), {}, need_key=False)
        assert caught.value.path == str(path)


def test_bytes_that_are_not_utf_8_are_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b'a = "b"\nc = "\xe9"\n')
    with pytest.raises(ConfigError, match=r"line 2: .*UTF-8"):
        load(str(tmp_path / "x.toml"), {}, need_key=False)


def test_the_example_is_valid_and_shows_every_key() -> None:
    found = load(EXAMPLE, {"HOME": HOME}, need_key=False)
    assert set(found.folders) == {"oil-painting", "camera-move", "pictures-from-text"}
    with open(EXAMPLE, encoding="utf-8") as file:
        text = file.read()
    rule = found.folders["oil-painting"]
    fields = {*type(found.limits).model_fields, *type(rule).model_fields, "base_url", "api_key_file", "url"} - {
        "name"
    }
    assert [field for field in fields if f"\n{field} = " not in text and f"\n# {field} = " not in text] == []


def test_what_the_example_comments_out_is_valid_too() -> None:
    with open(EXAMPLE, encoding="utf-8") as file:
        lines = file.read().splitlines()
    keys = (
        "# [folders",
        "# inbox =",
        "# outbox =",
        "# kind =",
        "# model =",
        "# input =",
        "# url =",
        "# max_size_mb =",
        "# in_flight =",
    )
    text = "\n".join(line[2:] if line.startswith(keys) else line for line in lines)
    found = settings(text)
    assert {"speech", "moving-oil-painting"} <= set(found.folders)
    assert (found.folders["oil-painting"].in_flight, found.folders["oil-painting"].max_size_mb) == (20, 500)
