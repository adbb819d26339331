"""A table that the first released version left behind: this version migrates it, and every job ends as it must."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing

import pytest

from daemon.atlas.client import Client
from daemon.clock import Clock
from daemon.service.service import table_url
from daemon.source import identity_of
from daemon.states import State
from daemon.table.schema import prepare
from daemon.table.tables import REVISION
from tests.daemon.conftest import house as house  # noqa: PLC0414 - a fixture, given on
from tests.daemon.house import FOLDER, KEY, House
from tests.daemon.samples import picture
from tests.upgrade.make import BASE, OUT, WAYS

#: Jobs that were paid for before the upgrade, and whose prediction the API still knows.
PAID = ("processing", "downloading", "held-prediction_lost", "held-deadline")


def unpack(house: House) -> str:
    """Put the old table into the house's state directory, with its files and predictions; give its URL."""
    settings = house.settings()
    os.makedirs(settings.state_dir, mode=0o700)
    with closing(sqlite3.connect(os.path.join(settings.state_dir, "jobs.db"))) as connection:
        with open(OUT, encoding="ascii") as file:
            connection.executescript(file.read().replace(BASE, house.base))
        for column in ("source", "lies_at"):
            moved = f"UPDATE jobs SET {column} = CAST(replace(CAST({column} AS TEXT), ?, ?) AS BLOB)"  # noqa: S608
            connection.execute(moved, (BASE, house.base))
        for number, name in enumerate(WAYS):
            path = house.drop(f"{name}.png", picture(number))
            status = os.stat(path)
            connection.execute(
                "UPDATE jobs SET identity = ?, size = ? WHERE source = ?",
                (identity_of(status), status.st_size, os.fsencode(path)),
            )
        for name, (prediction, output) in _predictions(house).items():
            connection.execute(
                "UPDATE jobs SET prediction_id = ? WHERE prediction_id = ?", (prediction, f"prediction-{name}")
            )
            connection.execute(
                "UPDATE jobs SET result_urls = replace(result_urls, ?, ?)",
                (f"https://results.example/{name}", output),
            )
        connection.commit()
    return table_url(settings)


def _predictions(house: House) -> Mapping[str, tuple[str, str]]:
    """Submit for the jobs that were paid for, as the old version did; give prediction and output of each."""
    client = Client(house.sandbox.url, lambda: KEY, Clock())
    found = {}
    for name in PAID:
        path = house.inbox(FOLDER, f"{name}.png")
        descriptor = os.open(path, os.O_RDONLY)
        url = client.upload(descriptor, f"{name}.png", os.path.getsize(path), "image/png").url
        os.close(descriptor)
        submitted = client.submit("image", {"model": "sandbox/echo", "image_url": url})
        (output,) = client.prediction(submitted.prediction_id).outputs
        found[name] = (submitted.prediction_id, output)
    client.close()
    return found


@pytest.fixture
def upgraded(house: House) -> House:
    """Start this version's daemon on the old table."""
    house.configure()
    url = unpack(house)
    before = len(house.submits())
    assert before == len(PAID)
    prepare(url)
    with closing(sqlite3.connect(os.path.join(house.settings().state_dir, "jobs.db"))) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISION,)
    house.begin()
    return house


def test_every_job_of_the_first_schema_ends_as_it_must(upgraded: House) -> None:
    house = upgraded

    def path(name: str) -> str:
        return house.inbox(FOLDER, f"{name}.png")

    for name in ("queued", "uploading", "uploaded", "processing", "downloading", "held-balance"):
        house.hurried(path(name))
    house.until_held(path("submitting"), "unknown_submit")
    house.until_failed(path("failed"), "unreadable")
    house.until(path("cancelled"), State.CANCELLED)
    for code in ("unknown_submit", "prediction_lost", "deadline"):
        house.until_held(path(f"held-{code}"), code)
    # paid for once more: those that never were (queued, uploading, uploaded, held for the balance)
    assert len(house.submits()) == len(PAID) + 4


def test_held_jobs_of_the_first_schema_are_sent_on_by_the_commands(upgraded: House) -> None:
    house = upgraded
    names = ("held-unknown_submit", "held-prediction_lost", "held-deadline", "failed")
    jobs = {name: house.job(house.inbox(FOLDER, f"{name}.png")) for name in names}
    ids = {name: job.id for name, job in jobs.items() if job is not None}
    house.until_failed(house.inbox(FOLDER, "failed.png"))
    house.daemon.parts.actions.retry([ids["held-prediction_lost"], ids["held-deadline"], ids["failed"]])
    house.daemon.parts.actions.retry([ids["held-unknown_submit"]], pay_again=True)
    for name in names:
        house.hurried(house.inbox(FOLDER, f"{name}.png"))
        assert house.results()[f"{name}.png"] == picture(list(WAYS).index(name))
