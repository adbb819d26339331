"""What `check` learns from the API: key, balance, models and schemas; from a sandbox over real HTTP."""

import socket
from pathlib import Path

import pytest

from daemon.check import Finding, Level, findings
from daemon.config import parse
from daemon.sandbox.server import Sandbox
from tests.config.texts import folder

KEY = "apikey-good"
#: A rule that the sandbox's catalogue has nothing against.
GOOD = {"input": '"images[]"', "prompt": '"in oil"'}


def asked(base: Path, url: str, key: str = KEY, **lines: str) -> list[Finding]:
    """Check one folder against the API at `url`, and give what concerns it and the API."""
    text = f'state_dir = "{base}/state"\n' + folder(inbox=f'"{base}/in"', outbox=f'"{base}/out"', **lines)
    environ = {"HOME": str(base), "ATLASCLOUD_API_KEY": key, "ATLASCLOUD_BASE_URL": url}
    found = findings(
        parse(text, None, environ, need_key=True),
        environ,
        offline=False,
    )
    own = ("state_dir", "system", "folders.cats.inbox", "folders.cats.outbox")
    return [each for each in found if each.key not in own]


def shape(found: list[Finding]) -> list[tuple[Level, str]]:
    return [(each.level, each.key) for each in found]


def test_all_is_well(tmp_path: Path) -> None:
    with Sandbox(keys=[KEY], balance=12.5) as sandbox:
        found = asked(tmp_path, sandbox.url, **GOOD)
    assert shape(found) == [(Level.OK, "api"), (Level.OK, "folders.cats.model")]
    assert "12.50 USD" in found[0].message


@pytest.mark.parametrize(
    ("lines", "key", "words"),
    [
        ({"model": '"google/nano-banana-2/edti"'}, "folders.cats.model", "google/nano-banana-2/edit"),
        ({"kind": '"video"'}, "folders.cats.kind", 'write "image"'),
        ({"input": '"imags[]"'}, "folders.cats.input", "images"),
        ({"input": '"images"'}, "folders.cats.input", 'write "images[]"'),
        ({"params": "{ aspect_ration = 1 }"}, "folders.cats.params.aspect_ration", 'write "aspect_ratio"'),
        ({"params": '{ aspect_ratio = "5:1" }'}, "folders.cats.params.aspect_ratio", '"1:1", "3:2"'),
        ({"params": "{ num_outputs = 9 }"}, "folders.cats.params.num_outputs", "8 or less"),
    ],
)
def test_a_rule_that_its_model_does_not_take(tmp_path: Path, lines: dict[str, str], key: str, words: str) -> None:
    with Sandbox() as sandbox:
        found = asked(tmp_path, sandbox.url, **{**GOOD, **lines})
    assert any(each.level is Level.FAULT and each.key == key and words in each.message for each in found), found


def test_an_input_that_is_left_out_is_found_and_told(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        found = asked(tmp_path, sandbox.url, prompt='"in oil"')
    assert Finding(Level.OK, "folders.cats.input", "images[], from the model's schema") in found
    assert (Level.OK, "folders.cats.model") in shape(found)


@pytest.mark.parametrize(("budget", "warns"), [("0.31", True), ("0.32", False)])
def test_a_budget_with_no_room_for_a_single_job_is_told(tmp_path: Path, budget: str, warns: bool) -> None:
    with Sandbox() as sandbox:
        found = asked(tmp_path, sandbox.url, **GOOD, params="{ num_outputs = 4 }", daily_budget_usd=budget)
    assert ((Level.WARNING, "folders.cats.daily_budget_usd") in shape(found)) == warns


def test_a_prompt_that_the_model_needs_is_missed(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        found = asked(tmp_path, sandbox.url, input='"images[]"')
    assert (Level.WARNING, "folders.cats.prompt") in shape(found)


def test_a_key_that_is_refused_is_a_fault_and_does_not_show(tmp_path: Path) -> None:
    with Sandbox(keys=["apikey-other"]) as sandbox:
        found = asked(tmp_path, sandbox.url, **GOOD)
    assert shape(found) == [(Level.FAULT, "api"), (Level.OK, "folders.cats.model")]
    assert all(KEY not in each.message for each in found)


def test_a_balance_that_is_spent_is_a_warning(tmp_path: Path) -> None:
    with Sandbox(balance=0) as sandbox:
        found = asked(tmp_path, sandbox.url, **GOOD)
    assert shape(found)[0] == (Level.WARNING, "api")


def test_an_api_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: refused, and nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        found = asked(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}", **GOOD)
    assert shape(found) == [(Level.FAULT, "api.base_url")]
    assert "--offline" in found[0].message


@pytest.mark.parametrize("kind", ["html_200", "cut_json", "other_form", "reset_after", "status"])
def test_catalogue_and_schemas_that_can_not_be_had_are_warnings(tmp_path: Path, kind: str) -> None:
    with Sandbox() as sandbox:
        sandbox.fault("models", kind)
        assert shape(asked(tmp_path, sandbox.url, **GOOD)) == [(Level.OK, "api"), (Level.WARNING, "api")]
        sandbox.fault("schema", kind)
        found = asked(tmp_path, sandbox.url, **GOOD)
        assert shape(found) == [(Level.OK, "api"), (Level.WARNING, "folders.cats.model")]
