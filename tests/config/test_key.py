"""The API key: where it is taken from, what is refused, and that it shows nowhere."""

import os
from pathlib import Path

import pytest

from daemon.config import Settings, parse
from daemon.errors import ConfigError, Fault
from tests.config.texts import faults, folder

KEY = "apikey-0123456789abcdef"


def secret(path: Path, content: str, mode: int = 0o600) -> str:
    path.write_text(content)
    path.chmod(mode)
    return str(path)


def api(**lines: str) -> str:
    return "[api]\n" + "".join(f'{key} = "{value}"\n' for key, value in lines.items()) + folder()


def loaded(text: str, **environ: str) -> Settings:
    return parse(text, "/etc/hotfolder/hotfolder.toml", {"HOME": "/", **environ}, need_key=True)


def key_of(text: str, **environ: str) -> str:
    key = loaded(text, **environ).api.key
    assert key is not None
    return key.get_secret_value()


def test_the_nearest_source_wins(tmp_path: Path) -> None:
    text = api(api_key_file=secret(tmp_path / "key", "from-file\n"))
    assert key_of(text) == "from-file"
    secret(tmp_path / "atlas-api-key", "from-credential\n", 0o440)
    assert key_of(text, CREDENTIALS_DIRECTORY=str(tmp_path)) == "from-credential"
    assert key_of(text, CREDENTIALS_DIRECTORY=str(tmp_path), ATLASCLOUD_API_KEY=KEY) == KEY
    assert key_of(text, CREDENTIALS_DIRECTORY=str(tmp_path / "none"), ATLASCLOUD_API_KEY="") == "from-file"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret(tmp_path / "key", KEY, mode)
    (found,) = faults(api(api_key_file=path), need_key=True)
    assert found == Fault("api.api_key_file", f'others than its owner may use "{path}"', f"chmod 600 {path}")


@pytest.mark.parametrize(
    "content", ["", " \n", "two\nlines", "a b", "Bearer apikey-1", "k\u00e9y", "a\x00b", "x" * 5000]
)
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, content: str) -> None:
    (found,) = faults(api(api_key_file=secret(tmp_path / "key", content)), need_key=True)
    assert found.key == "api.api_key_file"
    assert len(content.strip()) < 3 or content.strip() not in str(found)


def test_a_variable_of_white_space_is_a_fault() -> None:
    (found,) = faults(folder(), {"HOME": "/", "ATLASCLOUD_API_KEY": " \n"}, need_key=True)
    assert (found.key, found.wrong) == ("$ATLASCLOUD_API_KEY", "the variable $ATLASCLOUD_API_KEY is empty")


def test_a_file_that_can_not_be_read_is_a_fault(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, words in [
        (tmp_path / "none", "no such file"),
        (tmp_path, "not a file"),
        (tmp_path / "pipe", "not a file"),
    ]:
        (found,) = faults(api(api_key_file=str(path)), need_key=True)
        assert words in str(found)


def test_no_key_says_how_to_set_one() -> None:
    (found,) = faults(folder(), need_key=True)
    assert "$ATLASCLOUD_API_KEY" in found.right
    assert faults(folder(), need_key=False) == ()


def test_the_sandbox_needs_none() -> None:
    text = api(base_url="http://127.0.0.1:8459")
    assert key_of(text) == "sandbox"
    assert key_of(text, ATLASCLOUD_API_KEY=KEY) == KEY
    assert key_of(folder(), ATLASCLOUD_BASE_URL="http://localhost:1") == "sandbox"


@pytest.mark.parametrize("line", ["key", "api_key", "apikey", "token"])
def test_a_key_in_the_configuration_is_refused_and_not_repeated(line: str) -> None:
    (found,) = faults(api(**{line: KEY}))
    assert found.key == f"api.{line}"
    assert KEY not in str(found)
    assert all(KEY not in str(fault) for fault in faults(api(api_key_file=KEY), need_key=True))


def test_the_key_shows_nowhere() -> None:
    settings = loaded(folder(), ATLASCLOUD_API_KEY=KEY)
    shown = f"{settings!r} {settings} {settings.api} {settings.model_dump()} {settings.model_dump_json()}"
    assert KEY not in shown


def test_faults_beside_a_key_do_not_show_it() -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(folder(kind='"x"'), ATLASCLOUD_API_KEY=KEY)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert KEY not in f"{chain!r} {chain}"
        chain = chain.__cause__ or chain.__context__
