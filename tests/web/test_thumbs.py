"""Small pictures: made by a process that knows nothing, ended when it is not needed, replaced when it dies."""

import io
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from daemon.web.thumbs import Thumbs
from tests.daemon.samples import picture
from tests.support import wait_for


@pytest.fixture
def thumbs(tmp_path: Path) -> Iterator[Thumbs]:
    made = Thumbs(str(tmp_path / "thumbs"))
    yield made
    made.close()


def painters() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "daemon.web.painter" in each.cmdline()]


def put(tmp_path: Path, name: str, data: bytes) -> str:
    (tmp_path / name).write_bytes(data)
    return str(tmp_path / name)


def test_the_process_is_given_no_environment_and_ends_at_the_close(
    thumbs: Thumbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLASCLOUD_API_KEY", "apikey-secret")
    thumbs.of(put(tmp_path, "cat.png", picture()))
    (painter,) = painters()
    assert set(painter.environ()) <= {"PYTHONPATH", "LC_CTYPE"}  # the latter is Python's own (PEP 538)
    thumbs.close()
    assert painters() == []


def test_a_process_that_dies_is_replaced(thumbs: Thumbs, tmp_path: Path) -> None:
    thumbs.of(put(tmp_path, "1.png", picture(1)))
    (painter,) = painters()
    os.kill(painter.pid, signal.SIGKILL)
    wait_for(lambda: painter.status() == psutil.STATUS_ZOMBIE, 10, "its end")
    with pytest.raises(OSError, match="no small picture"):
        thumbs.of(put(tmp_path, "2.png", picture(2)))
    assert thumbs.of(put(tmp_path, "3.png", picture(3)))
    assert len(painters()) == 1


def test_a_close_waits_for_no_picture(thumbs: Thumbs, tmp_path: Path) -> None:
    thumbs.of(put(tmp_path, "1.png", picture(1)))
    (painter,) = painters()
    painter.suspend()  # like one that unpacks something large
    failed = threading.Event()

    def ask() -> None:
        with pytest.raises(OSError, match="no small picture"):
            thumbs.of(put(tmp_path, "2.png", picture(2)))
        failed.set()

    asking, closing = threading.Thread(target=ask), threading.Thread(target=thumbs.close)
    asking.start()
    wait_for(lambda: list((tmp_path / "thumbs").glob(".*.part")), 10, "a picture under way")
    closing.start()
    closing.join(10)
    assert not closing.is_alive()
    assert failed.wait(10)
    assert painters() == []
    with pytest.raises(OSError, match="closed"):
        thumbs.of(put(tmp_path, "3.png", picture(3)))


def test_nothing_is_loaded_from_where_the_daemon_was_started(
    thumbs: Thumbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIL.py", "daemon.py", "socket.py"):
        put(tmp_path, name, b"raise SystemExit")  # as somebody may drop it into an inbox
    monkeypatch.chdir(tmp_path)
    assert thumbs.of(put(tmp_path, "cat.png", picture()))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_pictures_of_each_kind_that_inboxes_take(form: str, thumbs: Thumbs, tmp_path: Path) -> None:
    path = put(tmp_path, f"cat.{form.lower()}", picture(form=form))
    with Image.open(io.BytesIO(thumbs.of(path))) as small:
        assert (small.format, small.size) == ("WEBP", (16, 16))


def test_a_photograph_stands_upright(thumbs: Thumbs, tmp_path: Path) -> None:
    photograph, file = Image.new("RGB", (800, 400)), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter (EXIF 2.3, Orientation)
    photograph.save(file, "JPEG", exif=exif)
    with Image.open(io.BytesIO(thumbs.of(put(tmp_path, "cat.jpg", file.getvalue())))) as small:
        assert small.size == (240, 480)


def test_what_can_not_be_made_is_not_tried_again(thumbs: Thumbs, tmp_path: Path) -> None:
    path = put(tmp_path, "cat.png", b"no picture")
    for _ in range(2):
        with pytest.raises(OSError, match="no small picture"):
            thumbs.of(path)
    os.unlink(path)
    assert thumbs.of(put(tmp_path, "cat.png", picture()))  # another file by that name is another matter
