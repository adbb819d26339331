"""What becomes of files that are odd, unusable, replaced, moved back or gone."""

import os
import subprocess
import sys

import pytest

from daemon.states import State
from tests.daemon.house import FOLDER, LASTING, House, files_below
from tests.daemon.samples import movie, picture, sound
from tests.support import wait_for


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("cut.png", picture()[:-20], "ends_early"),
        ("cut.jpg", picture(1, "JPEG")[:-40], "ends_early"),
        ("empty.png", b"", "empty"),
        ("zeros.png", bytes(4096), "ends_early"),
        ("page.png", b"<!doctype html><html><body>not found</body></html>", "not_media"),
        ("sound.png", sound(), "not_media"),
        ("large.png", picture() + bytes(3_000_000), "too_large"),
    ],
)
def test_a_file_that_can_not_be_used_goes_to_failed_and_the_others_go_on(
    house: House, name: str, data: bytes, code: str
) -> None:
    house.start(max_size_mb=2)
    bad = house.drop(name, data)
    house.until(house.drop("good.png", picture(7)))
    house.until_failed(bad, code)
    text = house.failed(name)
    assert name in text
    assert "move the file from this folder back" in text
    assert house.results() == {"good.png": picture(7)}
    assert house.sandbox.count("upload") == 1


def test_a_prompt_file_without_text_fails(house: House) -> None:
    house.start(input=False, model="google/nano-banana-2/text-to-image")
    house.until_failed(house.drop("empty.txt", b" \n"))
    house.until_failed(house.drop("latin.txt", "Käse".encode("latin-1") + b" and more"))
    assert house.submits() == []


def test_names_of_other_programs_are_never_input(house: House) -> None:
    house.start(match=["*"])
    for name in (".hidden.png", "cat.png.part", "~$cat.png", "cat.png.crdownload", "._cat.png", "Thumbs.db"):
        house.drop(name, picture(1))
    for name in ("done/cat.png", "failed/cat.png", "@eaDir/cat.png", ".stfolder/cat.png", "cat.png.error.txt"):
        house.drop(name, picture(2))
    house.until(house.drop("cat.png", picture(3)))
    house.daemon.parts.inbox.rescan()
    house.until_rest()
    assert [os.path.basename(job.source) for job in house.jobs()] == ["cat.png"]


def test_a_file_that_fits_no_pattern_stays_and_is_listed(house: House) -> None:
    house.start()
    path = house.drop("report.pdf", b"%PDF-1.7")
    house.until(house.drop("cat.png", picture()))
    wait_for(lambda: house.daemon.status()["folders"][FOLDER]["unmatched"] == [path], 10, "the list")
    assert os.path.exists(path)
    os.unlink(path)
    house.daemon.parts.inbox.rescan()
    wait_for(lambda: house.daemon.status()["folders"][FOLDER]["unmatched"] == [], 10, "the list")


def test_a_file_moved_back_from_failed_is_tried_again(house: House) -> None:
    house.sandbox.fault("submit", "status", code=403)
    house.start()
    source = house.drop("deep/cat.png", picture())
    failed = house.until_failed(source)
    os.rename(house.inbox(FOLDER, "failed", "deep/cat.png"), source)
    house.until(source, after=failed.id)
    assert set(files_below(house.inbox())) == {"done/deep/cat.png"}
    assert house.results() == {"deep/cat.png": picture()}


def test_a_source_that_was_mended_in_failed_is_taken_as_it_is_now(house: House) -> None:
    house.sandbox.fault("submit", "status", code=400)
    house.start()
    source = house.drop("cat.png", picture(1))
    failed = house.until_failed(source)
    assert failed.lies_at is not None
    house.put(failed.lies_at, picture(2))
    house.daemon.parts.actions.retry([failed.id])
    job = house.until(source)
    assert (job.id, job.size) == (failed.id, len(picture(2)))
    assert house.results() == {"cat.png": picture(2)}
    assert set(files_below(house.inbox())) == {"done/cat.png"}


def test_a_source_that_changes_in_failed_while_it_is_tried_again_stays_known(house: House) -> None:
    house.sandbox.fault("submit", "status", code=400)
    house.start()
    source = house.drop("cat.png", picture(1))
    failed = house.until_failed(source)
    assert failed.lies_at is not None
    house.daemon.parts.actions.pause()
    house.daemon.parts.actions.retry([failed.id])
    house.put(failed.lies_at, picture(2))
    house.daemon.parts.actions.resume()
    cancelled = house.until(source, State.CANCELLED)
    assert (cancelled.error_code, cancelled.lies_at) == ("source_changed", failed.lies_at)
    assert "written to" in house.failed("cat.png")
    house.daemon.parts.actions.retry([failed.id])
    house.until(source)
    assert house.results() == {"cat.png": picture(2)}


def test_a_retry_takes_the_source_from_failed(house: House) -> None:
    house.sandbox.fault("submit", "status", code=403)
    house.start()
    source = house.drop("cat.png", picture())
    failed = house.until_failed(source)
    house.daemon.parts.actions.retry([failed.id])
    done = house.until(source)
    assert done.id == failed.id
    assert files_below(house.inbox()) == {"done/cat.png": picture()}


def test_a_retried_job_that_fails_again_has_its_error_file_again(house: House) -> None:
    house.sandbox.fault("submit", "status", code=403, count=2)
    house.start()
    source = house.drop("cat.png", picture())
    failed = house.until_failed(source)
    house.daemon.parts.actions.retry([failed.id])
    wait_for(lambda: len(house.submits()) == 2, 10, "the second submit")
    house.until_failed(source, "forbidden")
    assert set(files_below(house.inbox())) == {"failed/cat.png", "failed/cat.png.error.txt"}


def test_a_file_gone_before_its_upload_ends_its_job_as_cancelled(house: House) -> None:
    house.start()
    house.daemon.parts.actions.pause()
    source = house.drop("cat.png", picture())
    house.until(source, State.QUEUED)
    os.unlink(source)
    house.daemon.parts.actions.resume()
    assert house.until(source, State.CANCELLED).error_code == "source_gone"
    assert house.sent() == []


def test_a_file_gone_between_upload_and_submit_costs_nothing(house: House) -> None:
    house.start(sidecar_wait=30.0)
    source = house.drop("cat.png", picture())
    house.until(source, State.UPLOADED)
    os.unlink(source)
    house.hurried(source, State.CANCELLED)
    assert house.submits() == []


def test_a_file_replaced_while_it_waits_is_processed_once_as_it_is_then(house: House) -> None:
    house.start()
    house.daemon.parts.actions.pause()
    source = house.drop("cat.png", picture(1))
    old = house.until(source, State.QUEUED)
    house.drop("cat.png", picture(2))
    wait_for(lambda: len(house.jobs()) == 2, 10, "the second job")
    house.daemon.parts.actions.resume()
    house.until(source, after=old.id)
    wait_for(
        lambda: (job := house.daemon.parts.store.find(old.id)) and job.state is State.CANCELLED,
        10,
        "the end of the first",
    )
    assert house.results() == {"cat.png": picture(2)}
    assert len(house.submits()) == 1


def test_a_file_replaced_after_its_upload_is_processed_once_as_it_is_then(house: House) -> None:
    house.start(sidecar_wait=0.3)
    house.daemon.parts.actions.pause()
    source = house.drop("cat.png", picture(1))
    first = house.until(source, State.QUEUED)
    house.daemon.parts.actions.resume()
    house.until(source, State.UPLOADED)
    house.drop("cat.png", picture(2))
    house.until(source, after=first.id)
    assert house.results() == {"cat.png": picture(2)}
    assert [entry.uploads for entry in house.submits()] == [(house.jobs()[-1].sha256,)]


def test_a_file_replaced_after_its_submit_is_another_job_and_both_arrive(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture(1))
    first = house.until(source, State.PROCESSING)
    house.drop("cat.png", picture(2))
    wait_for(lambda: len(house.jobs()) == 2, 10, "the second job")
    house.sandbox.end_predictions()
    house.until(source, after=first.id)
    wait_for(lambda: len(house.results()) == 2, 10, "both results")
    house.until_rest()
    assert set(house.results().values()) == {picture(1), picture(2)}
    assert files_below(house.inbox()) == {"done/cat.png": picture(2)}
    assert len(house.submits()) == 2


@pytest.mark.parametrize(
    "name",
    [
        "k\udce4se.png",
        "line\nbreak.png",
        "-rf.png",
        "quote'\".png",
        "ümläut ☃.png",
        "a" * 251 + ".png",
        "ä" * 125 + ".png",
        "two..dots.png",
    ],
)
def test_odd_names_are_processed_like_any_other(house: House, name: str) -> None:
    house.start()
    house.until(house.drop(name, picture()))
    assert list(house.results().values()) == [picture()]
    assert files_below(house.inbox()) == {os.path.join("done", name): picture()}


def test_names_that_differ_only_in_their_unicode_form_are_two_files(house: House) -> None:
    house.start()
    house.until(house.drop("caf\u00e9.png", picture(1)))
    house.until(house.drop("cafe\u0301.png", picture(2)))
    assert house.results() == {"caf\u00e9.png": picture(1), "cafe\u0301.png": picture(2)}


def test_a_file_written_slowly_is_taken_when_it_is_whole(house: House) -> None:
    house.start(patience=30)
    path = house.inbox(FOLDER, "walk.png")
    half = len(picture()) // 2
    with open(path, "wb") as file:
        file.write(picture()[:half])
        file.flush()
        house.until(house.drop("other.png", picture(3)))
        file.write(picture()[half:])
    house.until(path)
    assert house.results()["walk.png"] == picture()


def test_files_of_all_kinds_go_through_their_folders_at_once(house: House) -> None:
    house.start(
        {
            "pictures": {},
            "movies": {"kind": "video", "input": "video"},
            "sounds": {"kind": "audio", "input": "audio"},
            "texts": {"input": False},
        }
    )
    for number in range(5):
        house.drop(f"{number}.png", picture(number), "pictures")
        house.drop(f"{number}.mp4", movie(number), "movies")
        house.drop(f"{number}.wav", sound(number), "sounds")
        house.drop(f"{number}.txt", b"prompt %d" % number, "texts")
    house.until_all_done(20)
    assert len(house.submits()) == 20
    for folder in ("pictures", "movies", "sounds", "texts"):
        assert len(house.results(folder)) == 5


def test_what_lay_in_the_inbox_before_the_start_is_taken(house: House) -> None:
    house.configure()
    source = house.drop("deep/cat.png", picture())
    house.begin()
    house.until(source)
    assert house.results() == {"deep/cat.png": picture()}


def test_a_directory_moved_in_as_a_whole_is_taken(house: House) -> None:
    house.start()
    for number in range(3):
        house.put(os.path.join(house.base, "album", "inner", f"{number}.png"), picture(number))
    os.rename(os.path.join(house.base, "album"), house.inbox(FOLDER, "album"))
    house.until_all_done(3)
    assert set(house.results()) == {f"album/inner/{number}.png" for number in range(3)}


def test_a_program_that_writes_in_place_is_waited_for(house: House) -> None:
    house.start()
    path = house.inbox(FOLDER, "cat.png")
    writer = (
        "import sys, time\n"
        "data = bytes.fromhex(sys.argv[2])\n"
        "with open(sys.argv[1], 'wb', buffering=0) as file:\n"
        "    for start in range(0, len(data), 16):\n"
        "        file.write(data[start:start + 16])\n"
        "        time.sleep(0.01)\n"
    )
    subprocess.run([sys.executable, "-c", writer, path, picture().hex()], check=True, timeout=20)
    house.until(path)
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1
