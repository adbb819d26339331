"""Rules are held against their models within a short time, and again each day; nothing of it holds anything up."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.atlas.client import Client
from daemon.catalogue import DAY, Catalogue
from daemon.check.rulecheck import RuleCheck
from daemon.clock import Clock
from daemon.config import Settings, parse
from daemon.errors import ConfigError
from daemon.sandbox.server import Sandbox
from tests.config.texts import folder
from tests.support import wait_for

UPSCALER = '"atlascloud/image-upscaler"'


class Time(Clock):
    """A clock, and a wall clock, that a test sets forward."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def now(self) -> float:
        return super().now() + self.passed

    def wall(self) -> float:  # type: ignore[override]  # Clock's needs no instance
        return super().wall() + self.passed


class Bench:
    """A catalogue in a directory of its own, asked of the API at `url`."""

    def __init__(self, place: Path, url: str) -> None:
        self.place = place
        self.url = url
        self.time = Time()
        self.begin()

    def begin(self) -> None:
        """Begin as a daemon does that was started anew."""
        self.catalogue = Catalogue(str(self.place), self.url, wall=self.time.wall)
        self.catalogue.load()
        self.check = RuleCheck(self.catalogue, self.time, lambda: 0.5)

    def settings(self, **lines: str) -> Settings:
        text = folder(**{"model": UPSCALER, **lines})
        return parse(text, None, {"HOME": "/home/ada", "ATLASCLOUD_BASE_URL": self.url}, need_key=False)

    def faults(self, **lines: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.check.judged(self.settings(**lines))
        return [str(fault) for fault in caught.value.faults]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, sandbox: Sandbox) -> Bench:
    return Bench(tmp_path, sandbox.url)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox.url, lambda: "", Clock())
    yield client
    client.close()


@pytest.fixture
def nobody() -> Iterator[str]:
    """Give the address of an API that is away."""
    with socket.socket() as taken:  # bound and not listening: refused, and nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def catalogue_calls(sandbox: Sandbox) -> int:
    return sum(entry.call in {"models", "schema"} for entry in sandbox.journal())


def test_an_input_that_is_left_out_is_found(bench: Bench) -> None:
    found = bench.check.judged(bench.settings()).folders["cats"]
    assert (found.input, "*.png" in found.match) == ("image", True)
    texts = bench.check.judged(bench.settings(model='"google/nano-banana-2/text-to-image"')).folders["cats"]
    assert (texts.input, texts.match) == (False, ("*.txt",))
    video = bench.check.judged(
        bench.settings(model='"alibaba/wan-2.6/video-to-video"', kind='"video"', prompt='"x"')
    )
    assert (video.folders["cats"].input, "*.mp4" in video.folders["cats"].match) == ("video", True)


def test_what_the_file_says_stays(bench: Bench) -> None:
    found = bench.check.judged(bench.settings(model='"sandbox/echo"', input='"video"', match='["*.mkv"]'))
    assert (found.folders["cats"].input, found.folders["cats"].match) == ("video", ("*.mkv",))


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ({"params": "{ seed = 'x' }"}, "folders.cats.params.seed: is the text"),
        ({"input": '"imag"'}, 'folders.cats.input: is "imag", and'),
        ({"kind": '"video"'}, 'folders.cats.kind: is "video", and'),
        ({"model": '"atlascloud/image-upscale"'}, "folders.cats.model: "),
        (
            {"model": '"google/nano-banana-2/text-to-image"', "prompt": '"oil"'},
            "folders.cats.prompt: is given, but",
        ),
        ({"model": '"google/nano-banana-2/edit"', "input": "false"}, "folders.cats.input: is false, and"),
    ],
)
def test_a_rule_that_is_certainly_wrong_is_refused(bench: Bench, lines: dict[str, str], fault: str) -> None:
    (said,) = bench.faults(**lines)
    assert said.startswith(fault)
    assert "; " in said  # and what would be right


def test_what_is_known_is_not_asked_for_again(bench: Bench, sandbox: Sandbox) -> None:
    bench.check.judged(bench.settings())
    wait_for((bench.place / "catalogue.json").exists, 10, "the catalogue to be kept")
    before = catalogue_calls(sandbox)
    bench.begin()
    assert bench.check.judged(bench.settings()).folders["cats"].input == "image"
    assert catalogue_calls(sandbox) == before


def test_a_fault_is_looked_at_once_more_before_it_counts(bench: Bench, sandbox: Sandbox) -> None:
    bench.check.judged(bench.settings())
    before = catalogue_calls(sandbox)
    bench.faults(params="{ sed = 1 }")  # a field that came since yesterday is none
    assert catalogue_calls(sandbox) > before


def test_an_api_that_is_away_stops_nothing(tmp_path: Path, nobody: str, caplog: pytest.LogCaptureFixture) -> None:
    found = Bench(tmp_path, nobody).check
    bench = Bench(tmp_path, nobody)
    with caplog.at_level(logging.WARNING):
        kept = found.judged(bench.settings(params="{ seed = 'x' }"))
    assert kept.folders["cats"].input == "image_url"
    (said,) = [record.getMessage() for record in caplog.records]
    assert "could not be held against their models" in said


def test_an_api_that_does_not_answer_stops_nothing_for_long(bench: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("models", "hang")
    check = RuleCheck(bench.catalogue, bench.time, lambda: 0.5, patience=0.05)
    assert check.judged(bench.settings()).folders["cats"].input == "image_url"


def test_a_catalogue_of_yesterday_only_warns(
    bench: Bench, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    bench.check.judged(bench.settings())
    wait_for((bench.place / "catalogue.json").exists, 10, "the catalogue to be kept")
    bench.time.passed = DAY
    bench.begin()
    sandbox.fault("models", "status", code=503)
    with caplog.at_level(logging.WARNING):
        found = bench.check.judged(bench.settings(params="{ seed = 'x' }"))
    assert found.folders["cats"].input == "image"
    assert any("folders.cats.params.seed" in record.getMessage() for record in caplog.records)


def test_it_is_asked_again_after_a_day_and_not_before(bench: Bench, client: Client) -> None:
    bench.check.judged(bench.settings())
    assert not bench.check.keep_up(client)
    bench.time.passed = DAY - 1800 - 5
    assert not bench.check.keep_up(client)
    bench.time.passed = DAY - 1800 + 5
    assert bench.check.keep_up(client)
    assert not bench.check.keep_up(client)


def test_after_a_failure_it_is_asked_again_ever_more_seldom(
    bench: Bench, sandbox: Sandbox, client: Client
) -> None:
    bench.check.judged(bench.settings())
    sandbox.fault("models", "status", count=3, code=503)
    pauses = []
    bench.time.passed = DAY
    for _ in range(3):
        assert not bench.check.keep_up(client)
        start = bench.time.passed
        while not (due := catalogue_due(bench)):
            bench.time.passed += 30
        pauses.append(bench.time.passed - start)
        assert due
    assert pauses == [60, 120, 240]
    assert bench.check.keep_up(client)


def catalogue_due(bench: Bench) -> bool:
    return bench.time.now() >= bench.check._due_at - 1


def test_rules_follow_what_is_learnt_later(tmp_path: Path, sandbox: Sandbox, client: Client) -> None:
    bench = Bench(tmp_path, sandbox.url)
    sandbox.fault("models", "status", code=503)
    assert bench.check.judged(bench.settings()).folders["cats"].input == "image_url"
    bench.time.passed = 61
    assert bench.check.keep_up(client)
    assert bench.check.learnt()["cats"].input == "image"


def test_a_rule_that_turns_out_wrong_stays_as_it_is_and_is_told(
    bench: Bench, sandbox: Sandbox, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("models", "status", code=503)
    bench.check.judged(bench.settings(params="{ sed = 1 }"))
    bench.time.passed = 61
    assert bench.check.keep_up(client)
    with caplog.at_level(logging.ERROR):
        assert bench.check.learnt() == {}
    assert any("folders.cats.params.sed" in record.getMessage() for record in caplog.records)


def test_a_model_that_is_not_offered_any_more_is_a_doubt_and_may_work(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    withdrawn = bench.settings(model='"google/nano-banana-1/edit"', input='"images[]"', prompt='"x"')
    bench.check.judged(withdrawn)
    assert 'folders.cats.model: "google/nano-banana-1/edit" is not offered any more' in caplog.text
    assert all(model.id != "google/nano-banana-1/edit" for model in bench.catalogue.search(["nano"]))


def test_schemas_that_came_too_late_are_asked_for_again_soon(
    bench: Bench, sandbox: Sandbox, client: Client
) -> None:
    sandbox.fault("schema", "status", count=1, code=503)
    assert bench.check.judged(bench.settings()).folders["cats"].input == "image_url"
    assert not bench.check.keep_up(client)
    bench.time.passed += 61
    assert bench.check.keep_up(client)
    assert bench.check.learnt()["cats"].input == "image"
    calls = catalogue_calls(sandbox)
    bench.time.passed += 3600
    assert not bench.check.keep_up(client)
    assert catalogue_calls(sandbox) == calls


def test_a_schema_that_can_not_be_had_is_asked_for_ever_more_seldom(
    bench: Bench, sandbox: Sandbox, client: Client
) -> None:
    sandbox.fault("schema", "status", count=1000, code=404)
    bench.check.judged(bench.settings())
    asked = []
    for _ in range(300):  # five hours
        bench.time.passed += 61
        asked.append(bench.check.keep_up(client))
    assert 5 < sum(asked) < 15
