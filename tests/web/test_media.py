"""Files of jobs: only those, only as what their bytes are, and never as a page."""

import io
import os
import threading
from collections.abc import Iterator

import pytest
from PIL import Image

from daemon.web.ranges import Unsatisfiable, wanted_of
from tests.daemon.house import FOLDER, House, house_in
from tests.daemon.samples import picture
from tests.web.conftest import WEB
from tests.web.visitor import Visitor, opened

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Have two jobs that are done: a picture's, and a text's whose result is the text itself."""
    with house_in(str(tmp_path_factory.mktemp("house"))) as running:
        running.start(web=WEB)
        running.until(running.drop("cat.png", picture()))
        yield running


@pytest.fixture
def page(house: House) -> Visitor:
    visitor = opened(house.daemon.page)
    visitor.enter(house.daemon.page.ticket())
    return visitor


def output(house: House) -> tuple[str, str]:
    """Give the address of the picture's result, and where it lies."""
    job = house.jobs()[0]
    return f"/jobs/{job.id}/outputs/0", job.outputs[0]


def put(house: House, data: bytes) -> str:
    """Put other bytes in the result's place; give its address."""
    address, path = output(house)
    with open(path, "wb") as file:
        file.write(data)
    return address


@pytest.fixture(autouse=True)
def as_it_was(house: House) -> Iterator[None]:
    _, path = output(house)
    with open(path, "rb") as file:
        before = file.read()
    yield
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb") as file:
        file.write(before)


def test_a_result_is_shown_as_what_it_is(house: House, page: Visitor) -> None:
    address, path = output(house)
    answer = page.get(address)
    with open(path, "rb") as file:
        assert answer.body == file.read()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert page.get(address, If_None_Match=answer.headers["etag"]).status == 304
    assert page.send("HEAD", address).headers["content-length"] == str(len(answer.body))


def test_a_source_is_shown_where_it_was_put_away(house: House, page: Visitor) -> None:
    job = house.jobs()[0]
    assert job.lies_at != job.source
    assert page.get(f"/jobs/{job.id}/source").body == picture()


@pytest.mark.parametrize("data", [SVG, HTML, b"", b"%PDF-1.4", b"GIF", b"plain text", b"PK\x03\x04" + b"x" * 40])
def test_what_could_run_or_is_not_known_is_only_downloaded(data: bytes, house: House, page: Visitor) -> None:
    answer = page.get(put(house, data))
    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_link_is_not_followed(house: House, page: Visitor) -> None:
    address, path = output(house)
    os.unlink(path)
    os.symlink(house.config, path)
    for each in (address, f"{address}/small"):
        answer = page.get(each)
        assert answer.status == 404
        assert "state_dir" not in answer.text


def test_a_file_that_is_just_being_put_away_is_waited_for(house: House, page: Visitor) -> None:
    address, path = output(house)
    away = house.inbox(FOLDER, ".away")
    os.rename(path, away)
    back = threading.Timer(0.15, os.rename, (away, path))
    back.start()
    assert page.get(address).body == picture()
    back.join()


@pytest.mark.parametrize(
    "path",
    [
        "/jobs/999/source",
        "/jobs/1/outputs/7",
        "/jobs/1/outputs/-1",
        "/jobs/1/outputs/../../../etc/passwd",
        "/jobs/1/outputs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/jobs/99999999999999999999999/source",
        "/jobs/1/source/small/x",
        "/static/../../config/web.py",
        "/static/%2e%2e/keys.py",
    ],
)
def test_nothing_else_is_served(path: str, page: Visitor) -> None:
    answer = page.get(path)
    assert answer.status == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-9", 0, 9), ("bytes=5-", 5, None), ("bytes=-7", -7, None)]
)
def test_players_get_the_part_they_ask_for(
    asked: str, first: int, last: int | None, house: House, page: Visitor
) -> None:
    address, path = output(house)
    with open(path, "rb") as file:
        data = file.read()
    answer = page.get(address, Range=asked)
    wanted = data[first : None if last is None else last + 1]
    start = first % len(data)
    assert (answer.status, answer.body) == (206, wanted)
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(wanted) - 1}/{len(data)}"
    assert page.get(address, Range=f"bytes={len(data)}-").status == 416
    assert page.get(address, Range=asked, If_Range='"other"').body == data


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-999", (0, 10)),
        ("bytes=-999", (0, 10)),
        ("bytes=9-", (9, 10)),
        ("bytes=5-4", None),
        ("bytes=0-1,3-4", None),
        ("bytes=-", None),
        ("lines=0-1", None),
        ("bytes=x-y", None),
    ],
)
def test_a_range_is_read_as_the_rfc_has_it(asked: str | None, part: tuple[int, int] | None) -> None:
    assert wanted_of(asked, 10) == part


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=-0", "bytes=99-100"])
def test_a_part_that_is_not_there_is_refused(asked: str) -> None:
    with pytest.raises(Unsatisfiable):
        wanted_of(asked, 10)


def test_a_small_picture_is_made_once(house: House, page: Visitor) -> None:
    wide = io.BytesIO()
    Image.new("RGB", (2000, 1000), "teal").save(wide, "JPEG")
    address = put(house, wide.getvalue())
    first = page.get(f"{address}/small")
    assert first.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(first.body)) as small:
        assert small.size == (480, 240)
    kept = os.listdir(os.path.join(house.settings().state_dir, "thumbs"))
    assert page.get(f"{address}/small").body == first.body
    assert os.listdir(os.path.join(house.settings().state_dir, "thumbs")) == kept


def test_a_picture_of_gigabytes_or_a_broken_one_is_not_unpacked(house: House, page: Visitor) -> None:
    huge = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(huge, "PNG")
    for data in (huge.getvalue(), picture()[:40], SVG, b""):
        assert page.get(f"{put(house, data)}/small").status == 404
    assert page.get(f"{put(house, picture())}/small").status == 200
