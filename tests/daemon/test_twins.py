"""A copy whose original's result can't be put into the outbox at once gets it later, and asks nobody for it."""

import os
import subprocess

from daemon.states import State
from tests.daemon.house import House
from tests.daemon.samples import picture
from tests.daemon.test_disks import use_up_inodes
from tests.daemon.test_folders import mounting, tmpfs


@mounting
def test_a_copy_that_met_a_full_outbox_takes_the_result_from_the_disk(house: House) -> None:
    with tmpfs(house.outbox()):
        subprocess.run(["mount", "-o", "remount,nr_inodes=20", house.outbox()], check=True)
        house.start()
        house.until(house.drop("cat.png", picture()))
        polls = house.sandbox.count("poll")
        house.sandbox.fault("poll", "unknown", count=None)
        fillers = use_up_inodes(house.outbox())
        source = house.drop("again.png", picture())
        assert house.until_held(source, "folder").resume is State.QUEUED
        for path in fillers:
            os.unlink(path)
        house.hurried(source)
        assert house.results() == {"cat.png": picture(), "again.png": picture()}
        assert house.sandbox.count("poll") == polls
        assert len(house.submits()) == 1
