"""A job table with many finished jobs: copies of one that was really done, with all that belongs to it."""

import os
import sqlite3
import time

from tests.bench import files
from tests.bench.stage import Stage
from tests.support import wait_for

#: Columns of a copy that are not the original's, `n` being its number from 1 on. It ended n * 10 s before now.
_JOBS = {
    "id": "id + n",
    "source": "CAST(source || n AS BLOB)",
    "lies_at": "CAST(lies_at || n AS BLOB)",
    "identity": "identity || n",
    **dict.fromkeys(("sha256", "fingerprint"), "lower(hex(randomblob(32)))"),  # as random as real ones
    "prediction_id": "prediction_id || n",
    **dict.fromkeys(("created_at", "updated_at", "spent_at", "finished_at"), "{} - :second * n"),
}
_SECOND = 10.0


def grow(at: Stage, count: int) -> None:
    """Let the table hold `count` finished jobs, with their histories; the daemon must not be running."""
    path = os.path.join(at.state, "jobs.db")
    if not at.put_away():
        with at.running():
            files.write(os.path.join(at.inbox, "original.png"), files.noise_png(10**9))
            wait_for(lambda: at.put_away() > 0, 30, f"the job that is copied; see {at.log}")
            time.sleep(0.5)  # its row is written after its source was moved
    with sqlite3.connect(path) as table:
        table.execute("PRAGMA synchronous=OFF")
        table.execute("PRAGMA cache_size=-500000")  # an index over random values is written all over
        (there,) = table.execute("SELECT count(*) FROM jobs").fetchone()
        if there >= count:
            return
        numbers = (
            "WITH RECURSIVE numbers(n) AS (VALUES(:first) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)"
        )
        for name, changed in (("jobs", _JOBS), ("transitions", {"id": "NULL", "job_id": "job_id + n"})):
            columns = [row[1] for row in table.execute(f"PRAGMA table_info({name})")]
            wanted = [changed.get(column, column).format(column) for column in columns]
            original = "id = 1" if name == "jobs" else "job_id = 1"
            table.execute(
                f"{numbers} INSERT INTO {name} ({', '.join(columns)}) "  # noqa: S608 - names of our own table
                f"SELECT {', '.join(wanted)} FROM {name}, numbers WHERE {original}",
                {"first": there, "last": count - 1, "second": _SECOND},
            )
    table.close()
