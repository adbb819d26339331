"""Files of all kinds for five folders, and what must have become of them when all is over."""

import os
from collections.abc import Mapping
from typing import Any

from daemon.service.control import ask
from daemon.states import Job, State
from tests.daemon.house import House, files_below
from tests.daemon.process import jobs_of
from tests.daemon.samples import movie, picture, sound
from tests.support import wait_for

#: Folder, name and content of a file.
File = tuple[str, str, bytes]

FOLDERS: Mapping[str, Mapping[str, Any]] = {
    "pictures": {},
    "lists": {"input": "images[]", "after": "delete"},
    "movies": {"kind": "video", "input": "video"},
    "sounds": {"kind": "audio", "input": "audio"},
    "texts": {"input": False},
}


def mixed(number_of_each: int) -> list[File]:
    """Give files of all kinds, no two alike: six times as many as of each (up to 100)."""
    files: list[File] = []
    for number in range(number_of_each):
        files += [
            ("pictures", f"cat {number}.jpg", picture(number, "JPEG")),
            ("pictures", f"sub/folder/{number}.png", picture(100 + number)),
            ("lists", f"k\udce4se-{number}.webp", picture(200 + number, "WEBP")),
            ("movies", f"walk-{number}.mp4", movie(number)),
            ("sounds", f"häm {number}.wav", sound(number)),
            ("texts", f"wish-{number}.txt", b"prompt %d" % number),
        ]
    return files


def settled(house: House, number: int) -> list[Job]:
    """Wait until so many jobs are there, and each has ended or is held; give them."""

    def over() -> list[Job]:
        jobs = jobs_of(house)
        ended = all(job.put_away if job.final else job.state is State.HELD for job in jobs)
        return jobs if ended and len(jobs) == number else []

    return wait_for(over, 40, "all jobs to end")


def attach_what_is_held(house: House) -> int:
    """Give each job of unknown outcome the prediction that the journal names, as a person would; count them."""
    held = [job for job in jobs_of(house) if job.state is State.HELD]
    for job in held:
        assert job.error_code == "unknown_submit"
        assert job.request is not None
        sent = [entry for entry in house.submits() if entry.body == job.request["body"]]
        if sent and sent[0].prediction_id:
            assert len(sent) == 1
            ask(house.settings().state_dir, "attach", id=job.id, prediction=sent[0].prediction_id)
        else:  # it never arrived there
            ask(house.settings().state_dir, "retry", ids=[job.id], pay_again=True)
    return len(held)


def check_all_delivered(house: House, files: list[File]) -> None:
    """See that each file has its result, was put away and submitted once, and that nothing is left over."""
    jobs = jobs_of(house)
    assert [job.state for job in jobs] == [State.DONE] * len(files)
    sent = [str(entry.body) for entry in house.sandbox.submits()]
    assert len(sent) == len(set(sent)) == len(files)
    by_content = house.sandbox.submits_by_sha256()
    assert all(len(entries) == 1 for entries in by_content.values())
    for folder, name, data in files:
        stem = os.path.splitext(name)[0]
        found = {os.path.splitext(path)[0]: content for path, content in house.results(folder).items()}
        assert stem in found
        assert folder == "texts" or found[stem] == data
    for folder, rule in FOLDERS.items():
        own = {os.path.join("done", name): data for where, name, data in files if where == folder}
        assert files_below(house.inbox(folder)) == ({} if rule.get("after") == "delete" else own)
        assert len(house.results(folder)) == len(own)
        everything = [name for _, _, names in os.walk(house.outbox(folder)) for name in names]
        assert len(everything) == 2 * len(own), "a result and its record each, and no temporary file"
