"""The daemon as a user runs it: a process of its own, files dropped while it runs, signals, small limits."""

import os
import struct

import pytest

from daemon.clock import Clock
from daemon.service.service import table_url
from daemon.states import FINAL, State
from daemon.table.store import Store
from tests.daemon.house import House
from tests.daemon.mixture import FOLDERS, attach_what_is_held, check_all_delivered, mixed, settled
from tests.daemon.process import Process, jobs_of, running
from tests.daemon.samples import picture, sound
from tests.support import wait_for


@pytest.mark.parametrize("done_before", [0, 8])
def test_thirty_files_survive_a_kill_in_the_middle(house: House, done_before: int) -> None:
    house.sandbox.set(latency=0.02, predict_seconds=0.3, jitter=0.9)
    house.configure(FOLDERS)
    files = mixed(5)
    with running(house) as first:
        for folder, name, data in files[:20]:
            house.drop(name, data, folder)
        wait_for(
            lambda: (
                len(house.submits()) >= 6 and sum(job.state is State.DONE for job in jobs_of(house)) >= done_before
            ),
            20,
            "some to be done and some in flight",
        )
        first.kill()
    for folder, name, data in files[20:]:
        house.drop(name, data, folder)
    with running(house) as second:
        settled(house, len(files))
        if attach_what_is_held(house):
            settled(house, len(files))
        assert second.terminate() == 0
    check_all_delivered(house, files)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core only")
def test_its_threads_share_a_core(house: House) -> None:
    house.configure()
    with running(house) as process:
        house.drop("a.png", picture())
        wait_for(lambda: [job.state for job in jobs_of(house)] == [State.DONE])

        def gathered() -> bool:
            cores = process.cores()
            assert cores.pop(process.pid) == os.sched_getaffinity(0)
            return len({core for each in cores.values() for core in each}) == 1

        wait_for(gathered, 20, "all threads but the main one to share a core")


def test_many_kills_pay_nothing_twice(house: House) -> None:
    house.sandbox.set(latency=0.01, predict_seconds=0.2, jitter=0.5)
    house.configure(FOLDERS)
    files = mixed(5)
    for start in range(0, 30, 6):
        with running(house) as process:
            for folder, name, data in files[start : start + 6]:
                house.drop(name, data, folder)
            until_sent(house, start + 3)
            process.kill()
    with running(house) as process:
        settled(house, len(files))
        if attach_what_is_held(house):
            settled(house, len(files))
        assert process.terminate() == 0
    check_all_delivered(house, files)


def until_sent(house: House, number: int) -> None:
    wait_for(lambda: len(house.submits()) >= number, 20, f"{number} submits")


@pytest.mark.parametrize("call", ["upload", "submit", "poll", "download"])
def test_a_stop_while_calls_hang_takes_less_than_ten_seconds_and_loses_nothing(house: House, call: str) -> None:
    house.sandbox.fault(call, "hang", count=None)
    house.configure()
    with running(house) as process:
        source = house.drop("cat.png", picture())
        wait_for(lambda: house.sandbox.count(call), 10, "the call")
        assert process.terminate(10.0) == 0
        assert "Traceback" not in process.log
    house.sandbox.clear_faults()
    with running(house):
        if call == "submit":
            wait_for(lambda: jobs_of(house)[0].error_code == "unknown_submit", 10, "the hold")
            attach_what_is_held(house)
        wait_for(lambda: house.results() == {"cat.png": picture()}, 10, "the result")
    assert len(house.submits()) == 1
    assert jobs_of(house)[0].source == source


def test_a_second_daemon_is_refused_and_the_first_goes_on(house: House) -> None:
    house.configure()
    with running(house) as first:
        second = Process(house)
        try:
            # not 2, after which the service's unit would not try again: a killed one may take long to be gone
            assert second.wait(20) == 1
            assert f"another hotfolder (process {first.pid}) works on" in second.log
            assert "Traceback" not in second.log
        finally:
            second.end()
        house.drop("cat.png", picture())
        wait_for(lambda: house.results() == {"cat.png": picture()}, 10, "the result")


def test_sighup_reloads(house: House) -> None:
    house.configure(prompt="old")
    with running(house) as process:
        house.drop("cat.png", picture(1))
        wait_for(lambda: len(house.results()) == 1, 10, "the first result")
        house.configure(prompt="new")
        process.reload()
        wait_for(lambda: "reloaded" in process.log, 10, "the reload")
        house.drop("dog.png", picture(2))
        wait_for(lambda: len(house.results()) == 2, 10, "the second result")
        assert process.terminate() == 0
    assert [entry.prompt for entry in house.submits()] == ["old", "new"]


def limited(open_files: int) -> tuple[str, ...]:
    """Give the words before a command that let it have only so many open files."""
    return ("sh", "-c", f'ulimit -n {open_files}; exec "$@"', "sh")


def test_everything_ends_with_few_open_files(house: House) -> None:
    house.configure(FOLDERS)
    files = mixed(5)
    with running(house, limited(64)) as process:
        for folder, name, data in files:
            house.drop(name, data, folder)
        assert all(job.state is State.DONE for job in settled(house, len(files)))
        assert process.terminate() == 0
    check_all_delivered(house, files)


def test_no_job_fails_for_lack_of_open_files(house: House) -> None:
    house.configure(FOLDERS, limits={"uploads": 16})
    files = mixed(5)
    with running(house, limited(40)) as process:
        for folder, name, data in files:
            house.drop(name, data, folder)
        wait_for(lambda: any("short of" in (job.waits_for or "") for job in jobs_of(house)), 20, "the shortage")
        wait_for(lambda: len(jobs_of(house)) == len(files), 20, "all jobs")
        assert not [job for job in jobs_of(house) if job.state in {State.FAILED, State.HELD, State.CANCELLED}]
        assert process.terminate() == 0
    make_all_due(house)
    with running(house):
        assert all(job.state is State.DONE for job in settled(house, len(files)))
    check_all_delivered(house, files)


def make_all_due(house: House) -> None:
    """Let no pause last; while no daemon runs."""
    store = Store(table_url(house.settings()), Clock())
    for job in store.listed():
        if not job.put_away:
            store.amend(job, due_at=0.0)
    store.close()


def test_the_key_is_in_no_log_and_no_file(house: House) -> None:
    house.sandbox.set(keys=["another"])
    house.configure()
    with running(house) as process:
        house.drop("cat.png", picture())
        wait_for(lambda: any(job.error_code == "key" for job in jobs_of(house)), 10, "the refusal")
        assert process.terminate() == 0
    key = house.environ["ATLASCLOUD_API_KEY"].encode()
    for root, _, names in os.walk(house.base):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                assert key not in file.read(), name


def test_a_large_upload_does_not_go_through_memory(house: House) -> None:
    house.sandbox.set(keep_bytes=False)
    house.configure(kind="audio", input="audio")
    size = 1 << 30
    draft = os.path.join(house.base, "long.wav")
    with open(draft, "wb") as file:
        head = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
        file.write(b"RIFF" + struct.pack("<I", size - 8) + head + b"data" + struct.pack("<I", size - 44))
        file.truncate(size)  # a hole: read as zeros, and no disk needed
    with running(house) as process:
        house.drop("short.wav", sound())
        wait_for(lambda: len(house.results()) == 1, 10, "the small result")
        before = most = process.memory()
        os.rename(draft, house.inbox("pictures", "long.wav"))

        def done() -> bool:
            nonlocal most
            most = max(most, process.memory())
            jobs = jobs_of(house)
            return len(jobs) == 2 and jobs[1].state in FINAL | {State.HELD}

        wait_for(done, 50, "the large file")
        assert jobs_of(house)[1].state is State.DONE
        assert process.terminate() == 0
    assert most - before < 30_000_000
