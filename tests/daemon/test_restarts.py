"""A daemon that is stopped or killed goes on where each job stood, and a reload changes what is not yet sent."""

import os

import pytest

from daemon.clock import Clock
from daemon.errors import ConfigError
from daemon.service.service import Service, table_url
from daemon.states import Job, State
from daemon.table.store import Store
from tests.daemon.house import LASTING, House, files_below
from tests.daemon.samples import picture
from tests.support import wait_for


def in_table(house: House, source: str, *states: State) -> Job:
    """Look at a job while no daemon runs."""
    store = Store(table_url(house.settings()), Clock())
    try:
        (job,) = (job for job in store.listed() if job.source == source)
        assert job.state in states
        return job
    finally:
        store.close()


def test_a_queued_job_goes_on(house: House) -> None:
    house.start()
    house.daemon.parts.actions.pause()
    source = house.drop("cat.png", picture())
    house.until(source, State.QUEUED)
    house.restart()
    house.daemon.parts.actions.resume()
    house.until(source)
    assert len(house.submits()) == 1


def test_an_upload_under_way_is_cut_and_made_again(house: House) -> None:
    house.sandbox.fault("upload", "hang")
    house.start()
    source = house.drop("cat.png", picture())
    wait_for(lambda: house.sandbox.count("upload"), 10, "the upload")
    house.stop()
    in_table(house, source, State.QUEUED, State.UPLOADING)
    house.begin()
    assert house.until(source).attempts == 0
    assert house.sandbox.count("upload") == 2
    assert len(house.submits()) == 1


def test_an_uploaded_job_is_submitted_without_another_upload(house: House) -> None:
    house.start(sidecar_wait=30.0)
    source = house.drop("cat.png", picture())
    house.until(source, State.UPLOADED)
    house.restart()
    house.hurried(source)
    assert house.sandbox.count("upload") == 1
    assert len(house.submits()) == 1


def test_a_submit_under_way_is_waited_for_when_the_daemon_stops(house: House) -> None:
    house.sandbox.fault("submit", "hang", seconds=1.0)
    house.start()
    source = house.drop("cat.png", picture())
    wait_for(house.submits, 10, "the submit")
    house.stop()
    in_table(house, source, State.PROCESSING)
    house.begin()
    house.until(source)
    assert len(house.submits()) == 1


def test_a_prediction_in_flight_is_fetched_by_the_next_daemon(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    sources = [house.drop(f"{number}.png", picture(number)) for number in range(5)]
    for source in sources:
        house.until(source, State.PROCESSING)
    house.stop()
    house.sandbox.end_predictions()
    house.begin()
    for source in sources:
        house.until(source)
    assert len(house.submits()) == 5
    assert len(house.results()) == 5


def test_a_download_under_way_is_cut_and_made_again(house: House) -> None:
    house.sandbox.fault("download", "hang")
    house.start()
    source = house.drop("cat.png", picture())
    wait_for(lambda: house.sandbox.count("download"), 10, "the download")
    house.stop()
    in_table(house, source, State.PROCESSING, State.DOWNLOADING)
    assert house.results() == {}
    house.begin()
    house.until(source)
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


def test_a_held_job_stays_held(house: House) -> None:
    house.sandbox.fault("submit", "status", code=500)
    house.start()
    source = house.drop("cat.png", picture())
    held = house.until_held(source, "unknown_submit")
    house.restart()
    house.until_rest()
    assert house.until_held(source, "unknown_submit").version == held.version


@pytest.mark.parametrize("claimant", [None, "a daemon that was killed"])
def test_an_intent_whose_sender_is_dead_is_held_and_not_sent(house: House, claimant: str | None) -> None:
    house.start(sidecar_wait=30.0)
    source = house.drop("cat.png", picture())
    house.until(source, State.UPLOADED)
    house.stop()
    store = Store(table_url(house.settings()), Clock())
    (job,) = store.listed()
    store.advance(job, State.SUBMITTING, "about to be sent", due_at=0.0, claimed_by=claimant)
    store.close()
    house.begin()
    house.until_held(source, "unknown_submit")
    assert house.submits() == []


def test_a_source_that_was_not_put_away_before_the_end_is_put_away_later(house: House) -> None:
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until(source)
    house.stop()
    store = Store(table_url(house.settings()), Clock())
    os.rename(job.lies_at or "", source)
    store.amend(job, put_away=False, in_inbox=True, lies_at=source)
    store.close()
    house.begin()
    house.until(source)
    assert files_below(house.inbox()) == {"done/cat.png": picture()}
    assert len(house.jobs()) == 1
    assert len(house.submits()) == 1


def test_a_second_daemon_is_refused_and_told_whose_process_the_first_is(house: House) -> None:
    house.start()
    with pytest.raises(ConfigError, match=str(os.getpid())):
        Service(house.settings()).open()
    house.until(house.drop("cat.png", picture()))


def test_what_came_while_no_daemon_ran_is_taken_at_the_next_start(house: House) -> None:
    house.start()
    house.until(house.drop("cat.png", picture(1)))
    house.stop()
    source = house.drop("dog.png", picture(2))
    house.begin()
    house.until(source)
    assert len(house.jobs()) == 2


# Reloads


def test_a_reload_gives_queued_jobs_the_new_rule_and_leaves_submitted_ones(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start(prompt="old")
    sent = house.drop("cat.png", picture(1))
    house.until(sent, State.PROCESSING)
    house.daemon.parts.actions.pause()
    queued = house.drop("dog.png", picture(2))
    house.until(queued, State.QUEUED)
    house.reload(prompt="new", outbox=house.outbox("elsewhere"))
    house.daemon.parts.actions.resume()
    house.sandbox.end_predictions()
    house.until(sent)
    house.until(queued)
    assert [entry.prompt for entry in house.submits()] == ["old", "new"]
    assert house.results() == {"cat.png": picture(1)}
    assert house.results("elsewhere") == {"dog.png": picture(2)}


def test_a_folder_taken_out_of_the_configuration_still_gets_what_was_paid(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start({"old": {}})
    paid = house.drop("cat.png", picture(1), "old")
    house.until(paid, State.PROCESSING)
    house.daemon.parts.actions.pause()
    waiting = house.drop("dog.png", picture(2), "old")
    house.until(waiting, State.QUEUED)
    house.reload({"new": {}})
    house.daemon.parts.actions.resume()
    house.sandbox.end_predictions()
    house.until(house.drop("cow.png", picture(3), "new"))
    house.until(paid)
    assert house.results("old") == {"cat.png": picture(1)}
    assert files_below(house.inbox("old")) == {"dog.png": picture(2), "done/cat.png": picture(1)}
    house.until(waiting, State.QUEUED)
    assert len(house.submits()) == 2
    house.reload({"new": {}, "old": {}})
    house.hurried(waiting)
    assert len(house.submits()) == 3


def test_a_folder_taken_out_is_fetched_after_a_restart_too(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start({"old": {}})
    paid = house.drop("cat.png", picture(1), "old")
    house.until(paid, State.PROCESSING)
    house.stop()
    house.sandbox.end_predictions()
    house.start({"new": {}})
    house.until(paid)
    assert house.results("old") == {"cat.png": picture(1)}


def test_a_faulty_configuration_leaves_the_present_one_in_force(house: House) -> None:
    house.start()
    said = house.reload(kind="sculpture", colour="blue")
    assert any("kind" in line for line in said)
    assert any("colour" in line for line in said)
    house.until(house.drop("cat.png", picture()))


def test_a_reload_leaves_the_address_of_the_api(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.start()
    house.environ["ATLASCLOUD_BASE_URL"] = "http://127.0.0.1:9"
    house.daemon.reload()
    assert "reload: api.base_url changes only with a restart" in caplog.messages
    house.until(house.drop("cat.png", picture()))
    assert house.daemon.settings.api.base_url == house.sandbox.url


def test_a_reload_takes_a_new_key_and_goes_on_at_once(house: House) -> None:
    house.sandbox.set(keys=["apikey-new"])
    house.start()
    source = house.drop("cat.png", picture())
    wait_for(lambda: "key" in house.gates(), 10, "the gate")
    house.environ["ATLASCLOUD_API_KEY"] = "apikey-new"
    house.reload()
    house.until(source)
    assert house.gates() == {}
