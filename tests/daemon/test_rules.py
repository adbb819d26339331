"""What each kind of rule makes of a file: call, input field, prompt, params, outputs, records."""

import json
import os

import pytest

from daemon.states import State
from tests.daemon.house import FOLDER, KEY, House, files_below
from tests.daemon.samples import movie, picture, sound
from tests.support import wait_for


def test_a_picture_comes_back_under_its_stem_and_its_source_is_put_away(house: House) -> None:
    house.start()
    data = picture(1, "JPEG")
    source = house.drop("cat.jpeg", data)
    job = house.until(source)
    assert house.results() == {"cat.jpg": data}
    assert job.outputs == (house.outbox(FOLDER, "cat.jpg"),)
    assert files_below(house.inbox()) == {"done/cat.jpeg": data}
    (submit,) = house.sandbox.submits()
    assert submit.path.endswith("/generateImage")
    assert house.sandbox.count("upload") == 1


def test_a_video_rule_takes_videos(house: House) -> None:
    house.start(kind="video", input="video")
    source = house.drop("walk.mp4", movie(1))
    house.until(source)
    assert house.results() == {"walk.mp4": movie(1)}
    (submit,) = house.sandbox.submits()
    assert submit.path.endswith("/generateVideo")
    assert isinstance(submit.body and submit.body["video"], str)


def test_an_audio_rule_takes_sounds(house: House) -> None:
    house.start(kind="audio", input="audio")
    source = house.drop("hum.wav", sound(1))
    house.until(source)
    assert house.results() == {"hum.wav": sound(1)}
    assert house.sandbox.submits()[0].path.endswith("/generateAudio")


def test_a_text_is_the_prompt_where_a_rule_takes_no_media(house: House) -> None:
    house.start(input=False, model="google/nano-banana-2/text-to-image")
    source = house.drop("sunset.txt", "\ufeffA sunset {over} the sea\n".encode())
    house.until(source)
    assert list(house.results()) == ["sunset.png"]
    assert house.sandbox.submits()[0].body == {
        "model": "google/nano-banana-2/text-to-image",
        "prompt": "A sunset {over} the sea",
    }
    assert house.sandbox.count("upload") == 0


def test_a_text_makes_a_sound(house: House) -> None:
    house.start(input=False, kind="audio", model="minimax/music-2.0/text-to-audio", params={"duration": 1})
    house.until(house.drop("song.txt", b"a slow waltz"))
    assert list(house.results()) == ["song.wav"]


def test_the_input_field_takes_a_list_where_the_rule_says_so(house: House) -> None:
    house.start(input="images[]", prompt="{stem} of {folder}", params={"aspect_ratio": "1:1", "x": [1, {"y": 2}]})
    house.until(house.drop("cat.png", picture()))
    body = house.sandbox.submits()[0].body or {}
    assert isinstance(body["images"], list)
    assert len(body["images"]) == 1
    assert body["prompt"] == f"cat of {FOLDER}"
    assert (body["aspect_ratio"], body["x"]) == ("1:1", [1, {"y": 2}])


@pytest.mark.parametrize("form", ["envelope", "bare", "seed"])
def test_every_form_of_the_answers_is_read(house: House, form: str) -> None:
    house.sandbox.set(form=form)
    house.start()
    job = house.until(house.drop("cat.png", picture()))
    assert house.results() == {"cat.png": picture()}
    assert job.prediction_id == house.sandbox.submits()[0].prediction_id


def test_several_outputs_are_numbered_from_the_second_on(house: House) -> None:
    house.start(params={"num_outputs": 3})
    job = house.until(house.drop("cat.png", picture()))
    assert house.results() == dict.fromkeys(("cat.png", "cat-2.png", "cat-3.png"), picture())
    assert [os.path.basename(path) for path in job.outputs] == ["cat.png", "cat-2.png", "cat-3.png"]


def test_outputs_within_the_answer_are_written_out(house: House) -> None:
    house.start(model="atlascloud/image-upscaler", input="image", params={"enable_base64_output": True})
    job = house.until(house.drop("cat.png", picture()))
    assert list(house.results()) == ["cat.png"]
    assert job.result_urls == ("data:",)
    assert house.sandbox.count("download") == 0


def test_outputs_that_come_as_data_though_nobody_asked_are_written_out(house: House) -> None:
    house.sandbox.fault("poll", "data_uri", count=None)
    house.start(params={"num_outputs": 2})
    house.until(house.drop("cat.png", picture()))
    assert house.results() == {"cat.png": picture(), "cat-2.png": picture()}


def test_a_single_output_that_is_no_list_is_fetched(house: House) -> None:
    house.sandbox.fault("poll", "single_output", count=None)
    house.start()
    house.until(house.drop("cat.png", picture()))
    assert house.results() == {"cat.png": picture()}


def test_subfolders_are_kept_in_the_outbox_and_in_done(house: House) -> None:
    house.start()
    house.until(house.drop("2026/may/cat.png", picture()))
    assert list(house.results()) == ["2026/may/cat.png"]
    assert list(files_below(house.inbox())) == ["done/2026/may/cat.png"]


def test_subfolders_are_left_alone_where_the_rule_is_not_recursive(house: House) -> None:
    house.start(recursive=False)
    house.drop("deep/cat.png", picture(1))
    house.until(house.drop("dog.png", picture(2)))
    assert [os.path.basename(job.source) for job in house.jobs()] == ["dog.png"]


def test_the_record_beside_a_result_tells_how_it_was_made(house: House) -> None:
    house.start(prompt="Paint {stem}", params={"seed": 7})
    job = house.until(house.drop("cat.png", picture()))
    with open(house.outbox(FOLDER, "cat.png.json"), encoding="utf-8") as file:
        text = file.read()
    record = json.loads(text)
    assert record["source"] == {"name": "cat.png", "sha256": job.sha256, "size": job.size}
    assert record["result"]["name"] == "cat.png"
    assert (record["model"], record["prompt"]) == ("sandbox/echo", "Paint cat")
    assert record["params"]["seed"] == 7
    assert record["prediction_id"] == job.prediction_id
    assert record["request_id"]
    assert record["submitted_at"] <= record["finished_at"]
    assert KEY not in text


def test_no_record_is_written_where_the_rule_wants_none(house: House) -> None:
    house.start(provenance=False)
    house.until(house.drop("cat.png", picture()))
    assert list(files_below(house.outbox())) == ["cat.png"]


def test_a_taken_name_gets_a_number_and_nothing_is_overwritten(house: House) -> None:
    house.start()
    house.put(house.outbox(FOLDER, "cat.png"), b"mine")
    house.put(house.inbox(FOLDER, "done", "cat.png"), b"mine too")
    house.until(house.drop("cat.png", picture()))
    assert house.results() == {"cat.png": b"mine", "cat~1.png": picture()}
    assert files_below(house.inbox()) == {"done/cat.png": b"mine too", "done/cat~1.png": picture()}


def test_two_sources_of_one_stem_have_two_results(house: House) -> None:
    house.start()
    one, two = house.drop("cat.png", picture(1)), house.drop("cat.PNG", picture(2))
    house.until(one)
    house.until(two)
    assert set(house.results()) == {"cat.png", "cat~1.png"}
    assert set(house.results().values()) == {picture(1), picture(2)}


def test_delete_removes_the_source_and_its_sidecar(house: House) -> None:
    house.start(after="delete")
    house.put(house.inbox(FOLDER, "cat.png.txt"), b"a prompt")
    house.until(house.drop("cat.png", picture()))
    assert files_below(house.inbox()) == {}
    assert house.results() == {"cat.png": picture()}


def test_keep_leaves_the_source_and_never_takes_it_again(house: House) -> None:
    house.start(after="keep")
    source = house.drop("cat.png", picture())
    house.until(source)
    house.restart()
    house.daemon.parts.inbox.rescan()
    house.until_rest()
    assert files_below(house.inbox()) == {"cat.png": picture()}
    assert len(house.jobs()) == 1
    assert len(house.submits()) == 1


def test_a_kept_source_that_is_replaced_is_taken_anew(house: House) -> None:
    house.start(after="keep")
    first = house.until(house.drop("cat.png", picture(1)))
    house.until(house.drop("cat.png", picture(2)), after=first.id)
    assert house.results() == {"cat.png": picture(1), "cat~1.png": picture(2)}


# Sidecars


def test_a_table_beside_the_file_gives_its_prompt_and_params(house: House) -> None:
    house.start(prompt="the rule's", params={"seed": 1, "n": 1})
    house.put(house.inbox(FOLDER, "cat.png.toml"), b'prompt = "its own {stem}"\n[params]\nseed = 2\n')
    house.until(house.drop("cat.png", picture()))
    body = house.sandbox.submits()[0].body or {}
    assert (body["prompt"], body["seed"], body["n"]) == ("its own cat", 2, 1)
    assert set(files_below(house.inbox())) == {"done/cat.png", "done/cat.png.toml"}


def test_a_text_beside_the_file_is_its_prompt(house: House) -> None:
    house.start(prompt="the rule's")
    house.put(house.inbox(FOLDER, "cat.png.txt"), b"its own")
    house.until(house.drop("cat.png", picture()))
    assert house.sandbox.submits()[0].prompt == "its own"
    assert set(files_below(house.inbox())) == {"done/cat.png", "done/cat.png.txt"}


def test_a_sidecar_that_comes_late_is_waited_for(house: House) -> None:
    house.start(sidecar_wait=30.0)
    source = house.drop("cat.png", picture())
    waiting = house.until(source, State.UPLOADED)
    assert waiting.waits_for
    assert house.submits() == []
    house.put(house.inbox(FOLDER, "cat.png.txt"), b"came late")
    house.hurried(source)
    assert house.sandbox.submits()[0].prompt == "came late"


def test_a_bad_sidecar_fails_its_file_alone(house: House) -> None:
    house.start()
    house.put(house.inbox(FOLDER, "cat.png.toml"), b"prompt = ")
    bad = house.drop("cat.png", picture(1))
    house.until(house.drop("dog.png", picture(2)))
    house.until_failed(bad, "bad_sidecar")
    assert "cat.png.toml" in house.failed("cat.png")
    assert os.path.exists(house.inbox(FOLDER, "failed", "cat.png.toml"))
    assert house.results() == {"dog.png": picture(2)}


def test_a_corrected_sidecar_lets_the_file_through_when_both_are_moved_back(house: House) -> None:
    house.start()
    house.put(house.inbox(FOLDER, "cat.png.toml"), b'promt = "x"')
    failed = house.until_failed(house.drop("cat.png", picture()))
    house.put(house.inbox(FOLDER, "cat.png.toml"), b'prompt = "x"')
    os.unlink(house.inbox(FOLDER, "failed", "cat.png.toml"))
    os.rename(house.inbox(FOLDER, "failed", "cat.png"), failed.source)
    house.until(failed.source, after=failed.id)
    wait_for(lambda: set(files_below(house.inbox())) == {"done/cat.png", "done/cat.png.toml"}, 5)
