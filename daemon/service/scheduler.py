"""APScheduler's part: says when something is due, rescans, prunes. Receives callables, knows nobody."""

import contextlib
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from daemon import signs
from daemon.clock import Clock

log = logging.getLogger(__name__)

#: Rows that become due within so many seconds of each other are looked for together.
_GRAIN = 0.01
#: A difference of so many seconds means that the wall clock was set, and not only corrected a little.
_SET = 2.0
#: The longest sleep: APScheduler sleeps by the wall clock, and a set clock must not make it oversleep.
_LONGEST = 30.0


class Scheduler:
    """Calls `due` at the earliest time that `later` was told or that `due` itself gives, and jobs at intervals.

    `due` does what is due and gives the time at which something is due next (seconds since the epoch, by `clock`),
    or None.
    """

    def __init__(self, clock: Clock, due: Callable[[], float | None]) -> None:
        self._clock = clock
        self._due = due
        self._lock = threading.Lock()
        self._next = float("inf")
        self._stopping = False
        self._sign = signs.Sign()
        self._wall_ahead = clock.wall() - clock.now()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(4)},
            # A job that comes late (a busy machine, a clock that was set) is late, not dropped.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=dt.UTC,
        )
        logging.getLogger("apscheduler").setLevel(logging.WARNING)

    def every(self, seconds: float, call: Callable[[], object]) -> None:
        """Call `call` every so many seconds, the first time after that time has passed."""
        self._scheduler.add_job(call, "interval", seconds=seconds)

    def start(self) -> None:
        """Start, and look for what is due at once."""
        self.every(_LONGEST, self._look)
        self._scheduler.start()
        self.later(self._clock.now())

    def stop(self, timeout: float) -> bool:
        """Stop; calls under way are waited for, `timeout` seconds at most. Tell whether they ended."""
        with self._lock:
            # From here on nothing is added: APScheduler holds its lock while it waits for the calls under way.
            self._stopping = True
        if not self._scheduler.running:
            return True
        # Or its thread would look for the job that it just ran, and end with an error.
        self._scheduler.pause()
        self._scheduler.remove_all_jobs()
        # In a thread of its own: APScheduler waits without limit, and a look-up of a name can't be cut off.
        waiting = threading.Thread(target=self._scheduler.shutdown, name="scheduler-stop", daemon=True)
        waiting.start()
        waiting.join(timeout)
        return not waiting.is_alive()

    def later(self, at: float) -> None:
        """Look for what is due at `at` (seconds since the epoch, by the clock), or before."""
        with self._lock:
            if self._stopping or at >= self._next - _GRAIN:
                return
            self._next = at
            self._set(at)

    def soon(self, call: Callable[[], object]) -> None:
        """Call `call` in a thread of its own: it may take a while, and what is due must not wait for it."""
        with self._lock:
            if not self._stopping:
                self._scheduler.add_job(call)

    def keep_up(self) -> None:
        """Notice that the wall clock was set, and look at once; to be called every few seconds.

        APScheduler goes by the wall clock: set back by an hour, it would sleep for an hour more.
        """
        ahead = self._clock.wall() - self._clock.now()
        if abs(ahead - self._wall_ahead) < _SET:
            return
        log.warning(
            "the wall clock was set by %+.0f s; work goes on by one that does not jump", ahead - self._wall_ahead
        )
        self._wall_ahead = ahead
        with self._lock:
            if self._stopping:
                return
            for job in self._scheduler.get_jobs():
                with contextlib.suppress(JobLookupError):  # it has just run
                    job.modify(next_run_time=dt.datetime.now(dt.UTC))

    def silence(self) -> float:
        """Give for how many seconds a look has been overdue, or has taken longer than what it waits for."""
        return max(0.0, time.monotonic() - self._sign.at - _LONGEST)

    def _set(self, at: float) -> None:
        wait = max(0.0, at - self._clock.now())
        # Each is a job of its own: one that is set again from within its own run would be dropped.
        self._scheduler.add_job(
            self._look_at,
            "date",
            args=[at],
            run_date=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=wait),
            max_instances=4,
        )

    def _look_at(self, at: float) -> None:
        """Look, unless an earlier time was told after `at` was set: then the look at that time set the next."""
        with self._lock:
            if at != self._next:
                return
            # In the same breath: a time that is told from here on must not be forgotten.
            self._next = float("inf")
        self._look()

    def _look(self) -> None:
        signs.adopt(self._sign)
        try:
            due_at = self._due()
        except Exception:
            log.exception("looking for what is due failed; tried again in a moment")
            due_at = self._clock.now() + 5.0
        if due_at is not None:
            self.later(max(due_at, self._clock.now() + _GRAIN))
