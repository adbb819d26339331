"""Where the addresses for messages come from, and that they are secrets throughout."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from daemon.config import Settings, parse
from daemon.config.notify import VARIABLE
from daemon.errors import ConfigError
from tests.config.texts import ENVIRON, faults, folder
from tests.docs.pages import ROOT

INLINE = '[notify]\nurls = ["json://secret-a/", "ntfy://secret-b"]\n'


def loaded(text: str, environ: Mapping[str, str] = ENVIRON, *, need_key: bool = True) -> Settings:
    return parse(text, None, {"ATLASCLOUD_API_KEY": "apikey-x", **environ}, need_key=need_key)


def urls(settings: Settings) -> list[str]:
    return [url.get_secret_value() for url in settings.notify.urls]


def test_nothing_is_told_unless_an_address_is_given() -> None:
    settings = loaded(folder())
    assert urls(settings) == []
    assert settings.notify.events == ("failed", "held", "budget", "balance", "key")
    assert settings.notify.daily_summary is False


def test_addresses_are_shown_nowhere() -> None:
    settings = loaded(INLINE + folder())
    assert urls(settings) == ["json://secret-a/", "ntfy://secret-b"]
    assert "secret" not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()


@pytest.mark.parametrize(
    "urls",
    [
        '"json://secret"',
        '["json://ok", "secret"]',
        '[["secret"]]',
        '{secret = "secret"}',
        '["json://secret secret"]',
    ],
)
def test_a_fault_repeats_no_address(urls: str) -> None:
    told = faults(f"[notify]\nurls = {urls}\n" + folder())
    assert [fault.key for fault in told] == ["notify.urls"]
    assert "secret" not in str(told)


def test_a_file_of_its_own_adds_to_them(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "urls")
    with open(path, "w", encoding="utf-8") as file:
        file.write("# phones\njson://secret-c\n\n  ntfy://secret-d\n")
    os.chmod(path, 0o600)
    text = INLINE + f'urls_file = "{path}"\n' + folder()
    assert urls(loaded(text)) == ["json://secret-a/", "ntfy://secret-b", "json://secret-c", "ntfy://secret-d"]
    assert len(urls(loaded(text, need_key=False))) == 2  # others may list jobs, and can't read that file
    os.chmod(path, 0o640)
    with pytest.raises(ConfigError) as error:
        loaded(text)
    assert [(fault.key, fault.right) for fault in error.value.faults] == [
        ("notify.urls_file", f"chmod 600 {path}")
    ]


def test_a_file_that_is_missing_is_told(tmp_path: os.PathLike[str]) -> None:
    told = faults(
        f'[notify]\nurls_file = "{tmp_path}/none"\n' + folder(),
        {**ENVIRON, "ATLASCLOUD_API_KEY": "apikey-x"},
        need_key=True,
    )
    assert [fault.key for fault in told] == ["notify.urls_file"]


def test_the_variable_wins(tmp_path: os.PathLike[str]) -> None:
    environ = {**ENVIRON, VARIABLE: "json://secret-e  ntfy://secret-f\n"}
    text = INLINE + f'urls_file = "{tmp_path}/none"\n' + folder()
    assert urls(loaded(text, environ)) == ["json://secret-e", "ntfy://secret-f"]


def test_without_the_package_addresses_are_a_fault_and_nothing_else_is() -> None:
    code = """
import sys
sys.modules["apprise"] = None
from daemon.config import parse
from daemon.errors import ConfigError
environ = {"ATLASCLOUD_API_KEY": "apikey-x", "HOME": "/home/ada"}
parse(sys.argv[2], None, environ, need_key=True)
try:
    parse(sys.argv[1] + sys.argv[2], None, environ, need_key=True)
except ConfigError as error:
    print(*error.faults, sep="\\n")
"""
    result = subprocess.run(
        [sys.executable, "-c", code, INLINE, folder()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "pip install apprise" in result.stdout
    assert "secret" not in result.stdout
