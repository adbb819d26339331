"""What a thread has not written yet of the job in its hand is neither hidden for long nor in anybody's way."""

from daemon.states import State
from tests.daemon.house import House
from tests.daemon.samples import picture


def test_a_download_that_takes_long_is_seen_and_leaves_its_place_in_flight(house: House) -> None:
    house.sandbox.fault("download", "drip", interval=0.05, count=None)
    house.start(limits={"in_flight": 1})
    for number in range(2):
        house.drop(f"{number}.png", picture(number))
    house.until_all_done(2, timeout=40)
    times = [{each.after: each.at for each in house.daemon.parts.store.history(job.id)} for job in house.jobs()]
    first, second = sorted(times, key=lambda at: at[State.SUBMITTING])
    assert first[State.DOWNLOADING] < second[State.SUBMITTING] < first[State.DONE]
    assert len(house.submits()) == 2


def test_a_download_whose_host_is_silent_is_seen_and_leaves_its_place_in_flight(house: House) -> None:
    house.sandbox.fault("download", "hang", seconds=3600.0)
    house.start(limits={"in_flight": 1})
    silent = house.drop("silent.png", picture(1))
    house.until(silent, State.DOWNLOADING)
    house.until(house.drop("other.png", picture(2)))
    house.until(silent, State.DOWNLOADING)


def test_a_count_that_went_astray_hides_no_other_folders_files(house: House) -> None:
    house.start()
    house.daemon.parts.actions.pause([])
    waits = house.drop("waits.png", picture(1))
    house.until(waits, State.QUEUED)
    house.daemon.parts.store.counts["elsewhere", State.QUEUED] = -1
    house.daemon.parts.actions.resume([])
    house.until(waits)


def test_quick_steps_are_all_in_the_history(house: House) -> None:
    house.start()
    job = house.until(house.drop("cat.png", picture()))
    history = house.daemon.parts.store.history(job.id)
    assert [each.after for each in history] == [
        State.QUEUED,
        State.UPLOADING,
        State.UPLOADED,
        State.SUBMITTING,
        State.PROCESSING,
        State.DOWNLOADING,
        State.DONE,
    ]
    assert [each.before for each in history[1:]] == [each.after for each in history[:-1]]
    assert [each.at for each in history] == sorted(each.at for each in history)
