"""`status`, `jobs` and `show`: before the first run, while a daemon runs, and without one."""

import json
import os
import signal
import subprocess

from tests.cli.house import House
from tests.daemon.test_folders import mounting, tmpfs
from tests.support import wait_for

CONTRACT = {
    *("id", "folder", "state", "source", "sha256", "size", "model", "prediction_id", "outputs", "attempts"),
    *("error", "cost_usd", "created_at", "updated_at", "finished_at"),
}


def test_before_the_first_run_there_is_nothing_to_tell(house: House) -> None:
    assert "Nothing has run yet" in house.run("status").stdout
    status = house.json("status")
    assert status["daemon"]["running"] is False
    assert status["total"]["queued"] == 0
    assert house.json("jobs") == []
    assert "no job table" in house.run("show", "1", code=2).stderr
    assert not os.path.exists(house.path("state"))


def test_status_has_the_same_keys_whoever_answers(house: House) -> None:
    before = house.json("status")
    with house.daemon():
        during = house.json("status")
    after = house.json("status")
    assert list(before) == list(during) == list(after)
    assert list(before["daemon"]) == list(during["daemon"]) == list(after["daemon"])
    assert during["daemon"]["pid"]


def test_jobs_are_listed_with_what_the_contract_names(house: House) -> None:
    house.drop("red.png")
    house.run("run", "--once")
    (job,) = house.json("jobs")
    assert set(job) >= CONTRACT
    assert (job["state"], job["error"], job["folder"]) == ("done", None, "oil")
    assert job["outputs"] == [house.path("outbox/oil/red.png")]
    assert job["created_at"].endswith("Z")
    assert "red.png" in house.run("jobs").stdout


def test_jobs_are_filtered_and_limited_newest_first(house: House) -> None:
    for number in range(3):
        house.drop(f"{number}.png")
    house.drop("other.png", folder="inbox/other")
    house.run("run", "--once")
    assert [job["id"] for job in house.json("jobs")] == [4, 3, 2, 1]
    assert len(house.json("jobs", "--limit", "2")) == 2
    assert [job["folder"] for job in house.json("jobs", "--folder", "other")] == ["other"]
    assert house.json("jobs", "--state", "failed") == []
    assert "2 of 4 jobs" in house.run("jobs", "--limit", "2").stdout
    assert "no folder 'oli'" in house.run("jobs", "--folder", "oli", code=2).stderr
    house.write("hotfolder.toml", house.text().replace("folders.oil]", "folders.acrylic]"))
    assert [job["folder"] for job in house.json("jobs", "--folder", "oil", "--limit", "1")] == ["oil"]
    assert house.json("jobs", "--folder", "acrylic") == []


def test_odd_names_are_escaped(house: House) -> None:
    plain = house.drop("plain.png")
    odd = os.path.join(os.fsencode(house.path("inbox/oil")), b"odd\xff\n[bold]name.png")
    os.rename(plain, odd)
    house.run("run", "--once")
    (job,) = house.json("jobs")
    assert job["source"].endswith("odd\\xff\\n[bold]name.png")
    assert job["source_b64"]
    assert "odd\\xff\\n[bold]name.png" in house.run("jobs").stdout


def test_show_tells_the_whole_story(house: House) -> None:
    job_id = house.held()
    said = house.run("show", str(job_id)).stdout
    assert f"hotfolder attach {job_id} PREDICTION" in said
    assert "about to be sent" in said
    history = house.json("show", str(job_id))["history"]
    assert [(step["from"], step["to"]) for step in history][-2:] == [
        ("uploaded", "submitting"),
        ("submitting", "held"),
    ]
    house.run("show", "99", code=2)


def test_status_says_what_is_held_and_what_to_do(house: House) -> None:
    job_id = house.held()
    said = house.run("status").stdout
    assert "unknown_submit" in said
    assert f"hotfolder retry {job_id} --pay-again" in said


def test_status_names_files_that_no_rule_takes(house: House) -> None:
    house.write("inbox/oil/paper.pdf", "%PDF")
    with house.daemon():
        wait_for(lambda: house.json("status")["folders"]["oil"]["unmatched"])
        assert "paper.pdf" in house.run("status").stdout


def test_status_watches_until_it_is_interrupted(house: House) -> None:
    process = house.start("status", "--watch", PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_the_table_is_named_where_it_is_not_the_usual_one(house: House) -> None:
    assert f"table: {house.path('state', 'jobs.db')}" in house.run("status").stderr
    with open(house.config, encoding="utf-8") as file:
        text = file.read()
    house.write("hotfolder.toml", text.replace('state_dir = "state"', 'state_dir = "~/.local/state/hotfolder"'))
    assert house.run("status").stderr == ""


def test_json_goes_to_standard_output_alone(house: House) -> None:
    house.drop("red.png")
    house.run("run", "--once")
    json.loads(house.run("jobs", "--json").stdout)


@mounting
def test_a_state_directory_that_is_read_only_is_told_as_that(house: House) -> None:
    with tmpfs(house.path("state")):
        house.run("run", "--once")
        subprocess.run(["mount", "-o", "remount,ro", house.path("state")], check=True)
        for command in (["status"], ["jobs"], ["pause"]):
            said = house.run(*command, code=1).stderr
            assert "read-only" in said
            assert "belongs to" not in said
