"""The catalogue is fetched, kept and read again; no trouble of the API, the disk or another writer does harm."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.atlas.client import Client
from daemon.catalogue import DAY, Catalogue, cache
from daemon.clock import Clock
from daemon.sandbox.server import Sandbox

EDIT = "google/nano-banana-2/edit"
UPSCALER = "atlascloud/image-upscaler"
NOW = 1_800_000_000.0


class Wall:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@contextlib.contextmanager
def calls(sandbox: Sandbox) -> Iterator[list[str]]:
    """Give the calls that were made within the block, when it is over."""
    before, made = len(sandbox.journal()), list[str]()
    yield made
    made += [entry.call for entry in sandbox.journal()[before:]]


def test_what_was_fetched_is_there_for_the_next_process(tmp_path: Path, sandbox: Sandbox, client: Client) -> None:
    first = Catalogue(str(tmp_path), sandbox.url)
    with calls(sandbox) as made:
        assert first.refresh(client, [EDIT, "not/there"])
    assert sorted(made) == ["models", "schema"]

    second = Catalogue(str(tmp_path), sandbox.url)
    assert second.fetched_at is None
    second.load()
    assert second.models() == first.models()
    assert second.schema(EDIT) == first.schema(EDIT) is not None
    assert second.fetched_at == first.fetched_at
    assert second.price(EDIT) == 0.08
    assert second.is_fresh(EDIT)
    assert second.schema(UPSCALER) is None
    assert not second.is_fresh(UPSCALER)
    assert (second.model("not/there"), second.price("not/there")) == (None, None)


def test_the_price_of_a_model_that_is_listed_no_more_is_not_forgotten(
    tmp_path: Path, sandbox: Sandbox, client: Client
) -> None:
    catalogue = Catalogue(str(tmp_path), sandbox.url)
    assert catalogue.refresh(client)
    others = tuple(model for model in catalogue.models() if model.id != EDIT)
    catalogue._take(cache.Kept(sandbox.url, catalogue.fetched_at, others))
    assert catalogue.model(EDIT) is None
    assert catalogue.price(EDIT) == 0.08


def test_schemas_are_fetched_when_they_are_wanted_and_once_a_day(
    tmp_path: Path, sandbox: Sandbox, client: Client
) -> None:
    wall = Wall()
    catalogue = Catalogue(str(tmp_path), sandbox.url, wall=wall)
    assert catalogue.refresh(client)
    with calls(sandbox) as made:
        catalogue.fetch_schemas(client, [EDIT, UPSCALER, EDIT], at_once=2)
        catalogue.fetch_schemas(client, [EDIT])
    assert made == ["schema", "schema"]
    wall.now += DAY
    with calls(sandbox) as made:
        catalogue.fetch_schemas(client, [EDIT])
    assert made == ["schema"]


def test_what_is_a_day_old_is_used_and_is_not_fresh(tmp_path: Path, sandbox: Sandbox, client: Client) -> None:
    wall = Wall()
    catalogue = Catalogue(str(tmp_path), sandbox.url, wall=wall)
    assert (catalogue.age(), catalogue.is_fresh()) == (None, False)
    catalogue.refresh(client, [EDIT])
    wall.now += DAY - 1
    assert (catalogue.age(), catalogue.is_fresh(EDIT)) == (DAY - 1, True)
    wall.now += 1
    assert (catalogue.is_fresh(), catalogue.schema(EDIT) is not None) == (False, True)
    wall.now = NOW - 2 * DAY  # a clock that was set back: nobody knows how old it is
    assert (catalogue.age(), catalogue.is_fresh()) == (0.0, False)


@pytest.mark.parametrize("kind", ["status", "html_200", "cut_json", "other_form", "reset_after"])
def test_an_api_in_trouble_leaves_what_is_known(
    tmp_path: Path, sandbox: Sandbox, client: Client, kind: str
) -> None:
    catalogue = Catalogue(str(tmp_path), sandbox.url)
    sandbox.fault("models", kind)
    assert not catalogue.refresh(client)
    assert catalogue.trouble
    assert catalogue.models() == ()
    assert catalogue.refresh(client, [EDIT])
    assert catalogue.trouble is None
    sandbox.fault("models", kind)
    assert not catalogue.refresh(client)
    assert catalogue.model(EDIT) is not None
    sandbox.fault("schema", kind)
    assert catalogue.refresh(client, [EDIT])
    assert EDIT in (catalogue.trouble or "")
    assert catalogue.schema(EDIT) is not None  # the one from before


def test_the_file_of_another_api_is_not_used(tmp_path: Path, sandbox: Sandbox, client: Client) -> None:
    assert Catalogue(str(tmp_path), sandbox.url).refresh(client)
    other = Catalogue(str(tmp_path), "https://api.example.com")
    other.load()
    assert other.models() == ()
    assert other.trouble is None


def test_a_state_directory_that_can_not_be_written_is_no_trouble(
    tmp_path: Path, sandbox: Sandbox, client: Client
) -> None:
    catalogue = Catalogue(str(tmp_path / "none"), sandbox.url)
    catalogue.load()
    assert catalogue.refresh(client)
    assert catalogue.model(EDIT) is not None


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    """Give a directory with a catalogue in it, kept for `https://x`."""
    place = tmp_path_factory.mktemp("kept")
    models = Catalogue(str(place), sandbox.url)
    client = Client(sandbox.url, lambda: "", Clock())
    assert models.refresh(client, [EDIT])
    client.close()
    found = json.loads((place / cache.NAME).read_bytes())
    (place / cache.NAME).write_text(json.dumps({**found, "base_url": "https://x"}))
    return place


def test_every_cut_of_the_file_is_no_catalogue(kept: Path, tmp_path: Path) -> None:
    whole = (kept / cache.NAME).read_bytes()
    for end in range(0, len(whole), 211):
        (tmp_path / cache.NAME).write_bytes(whole[:end])
        catalogue = Catalogue(str(tmp_path), "https://x")
        catalogue.load()
        assert catalogue.models() == ()
        assert catalogue.trouble


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_was_changed_does_no_harm(kept: Path, tmp_path: Path, data: st.DataObject) -> None:
    found = json.loads((kept / cache.NAME).read_bytes())
    junk: st.SearchStrategy[Any] = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})
    )
    part = found
    while True:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        if isinstance(part[key], dict | list) and part[key] and data.draw(st.booleans()):
            part = part[key]
            continue
        part[key] = data.draw(junk)
        break
    (tmp_path / cache.NAME).write_text(json.dumps(found))
    catalogue = Catalogue(str(tmp_path), "https://x")
    catalogue.load()
    catalogue.search(["edit"])
    for task in ("edit-pictures", "pictures-from-text"):
        catalogue.fitting(task)
    catalogue.is_fresh(EDIT)
    catalogue.age()


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"version": 2}'])
def test_a_file_of_another_kind_is_no_catalogue(tmp_path: Path, content: bytes) -> None:
    (tmp_path / cache.NAME).write_bytes(content)
    catalogue = Catalogue(str(tmp_path), "https://x")
    catalogue.load()
    assert catalogue.trouble
    assert catalogue.models() == ()


def test_writers_at_the_same_time_leave_a_whole_file_and_no_drafts(kept: Path, tmp_path: Path) -> None:
    one = cache.read(str(kept), "https://x")
    assert one is not None
    other = cache.Kept("https://x", NOW, one.models[:1])

    def write(what: cache.Kept) -> None:
        for _ in range(10):
            cache.write(str(tmp_path), what)

    threads = [threading.Thread(target=write, args=(what,)) for what in (one, other, one, other)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if os.path.exists(tmp_path / cache.NAME):
            assert cache.read(str(tmp_path), "https://x") in (one, other)
    assert os.listdir(tmp_path) == [cache.NAME]


def test_a_killed_writers_draft_is_removed_when_it_is_old(kept: Path, tmp_path: Path) -> None:
    one = cache.read(str(kept), "https://x")
    assert one is not None
    for name, age in [(".catalogue-1-1.part", 7200), (".catalogue-2-2.part", 0), (".catalogue.jpg", 7200)]:
        (tmp_path / name).touch()
        at = os.stat(tmp_path / name).st_mtime - age
        os.utime(tmp_path / name, (at, at))
    cache.write(str(tmp_path), one)
    assert sorted(os.listdir(tmp_path)) == [".catalogue-2-2.part", ".catalogue.jpg", cache.NAME]


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1"])
def test_a_price_that_is_none_is_damage(tmp_path: Path, price: str) -> None:
    model = '{"id": "a", "type": "", "schema_url": null, "title": "", "labels": [], "unit": "", "listed": true'
    head = '{"version": 2, "base_url": "https://x", "fetched_at": 1, "schemas": {}'
    (tmp_path / cache.NAME).write_text(f'{head}, "models": [{model}, "price": {price}}}]}}')
    catalogue = Catalogue(str(tmp_path), "https://x")
    catalogue.load()
    assert catalogue.trouble
    assert catalogue.price("a") is None
