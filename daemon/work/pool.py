"""A few threads that work off one stage: they claim due rows, or are handed a row by the stage before."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from daemon import signs
from daemon.states import Job

log = logging.getLogger(__name__)


class Pool:
    """`size` places, in which threads take up to `at_once` jobs each and run `work` on them, which must not raise.

    `claim(most)` gives up to `most` jobs from the table. It is asked only when there may be some: after `wake`,
    or when the last answer was a full one. A job that is handed over (`reserve`, `put`) saves that question.
    `linger`: seconds for which a single thread waits for more jobs before it works on some together. `ahead`: how
    many are claimed together, if that is more than the threads take up at once. `more`: threads beside those that
    fill the places; `work` gives its place up to one of them (`leave`) where it goes on with another stage.
    """

    def __init__(
        self,
        name: str,
        size: int,
        claim: Callable[[int], list[Job]],
        work: Callable[[list[Job]], None],
        *,
        at_once: int = 1,
        linger: float = 0.0,
        ahead: int | None = None,
        more: int = 0,
    ) -> None:
        self.name = name
        self._at_once = at_once
        self._linger = linger
        self._lingers = False
        self._most = ahead or size * at_once
        self._claim = claim
        self._work = work
        self._state = threading.Condition()
        self._ready: deque[Job] = deque()
        self._reserved = 0
        self._hungry = True
        self._stopping = False
        self._told = False
        self._busy: set[int] = set()
        self._size = size
        self._placed: set[int] = set()  # of the busy ones, those that have a place
        self._wanted_since = time.monotonic()
        self._signs = [signs.Sign() for _ in range(size + more)]
        self._threads = [
            threading.Thread(target=self._loop, args=(sign,), name=f"{name}-{number}", daemon=True)
            for number, sign in enumerate(self._signs)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, drain: bool = False) -> None:
        """Take up nothing more; jobs in hand go on to their end, with `drain` also those that were handed over."""
        with self._state:
            self._stopping = True
            if not drain:
                self._ready.clear()
            self._state.notify_all()

    def join(self, timeout: float) -> bool:
        """Wait for the threads to end, `timeout` seconds at most in all; tell whether they did."""
        until = time.monotonic() + timeout
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def wake(self) -> None:
        """Say that there may be something to claim."""
        with self._state:
            self._is_wanted()
            self._hungry = True
            self._state.notify()

    def reserve(self) -> bool:
        """Ask for a place for one job; after True, `put` or `unreserve` must follow."""
        with self._state:
            if self._stopping or len(self._ready) + self._reserved >= 2 * self._most:
                return False
            self._reserved += 1
            return True

    def unreserve(self) -> None:
        """Give a place back."""
        with self._state:
            self._reserved -= 1

    def put(self, job: Job) -> None:
        """Hand over a claimed job, into a place that was reserved."""
        with self._state:
            self._reserved -= 1
            self._is_wanted()
            self._ready.append(job)
            if not self._lingers or len(self._ready) >= self._at_once:
                self._state.notify()

    def leave(self) -> None:
        """Give up the place of this thread, which goes on with its job elsewhere; again, it does nothing."""
        with self._state:
            if threading.get_ident() in self._placed:
                self._placed.discard(threading.get_ident())
                if self._wants_more():
                    self._state.notify()

    def quiet(self) -> bool:
        """Tell whether nothing is in hand and nothing is known to be there to claim."""
        with self._state:
            return not (self._reserved or self._has_work())

    def silence(self, now: float) -> float:
        """Give for how many seconds nothing has got on here though there is work; `now` is time.monotonic().

        One thread that gets on is enough: what hangs with the others concerns their own jobs.
        """
        with self._state:
            if not self._has_work():
                return 0.0
            return signs.silence(now, self._wanted_since, (sign.at for sign in self._signs))

    def _has_work(self) -> bool:
        return bool(self._busy or self._wants_more())

    def _is_wanted(self) -> None:
        if not self._has_work():
            self._wanted_since = time.monotonic()

    def _loop(self, sign: signs.Sign) -> None:
        signs.adopt(sign)
        while True:
            jobs = self._next()
            if not jobs:
                return
            try:
                self._work(jobs)
            finally:
                with self._state:
                    self._busy.discard(threading.get_ident())
                    self._placed.discard(threading.get_ident())

    def _next(self) -> list[Job]:
        """Wait for jobs; none: the pool is to stop."""
        me = threading.get_ident()
        while True:
            with self._state:
                while not (self._stopping or (self._wants_more() and len(self._placed) < self._size)):
                    self._state.wait()
                if self._stopping:
                    return self._taken()
                signs.beat()
                self._busy.add(me)
                self._placed.add(me)
                if self._ready:
                    self._await_more()
                    return self._taken()
                self._hungry = False
                most = self._most
            found = self._claimed(most)
            with self._state:
                if len(found) == most:
                    self._hungry = True
                self._ready.extend(found)
                self._state.notify(max(0, len(found) - self._at_once))  # the others are for this thread
                self._busy.discard(me)
                self._placed.discard(me)

    def _wants_more(self) -> bool:
        return bool(self._ready or self._hungry)

    def _taken(self) -> list[Job]:
        return [self._ready.popleft() for _ in range(min(self._at_once, len(self._ready)))]

    def _await_more(self) -> None:
        """Give more jobs the time to come; one that is put meanwhile wakes nobody."""
        if self._linger and len(self._ready) < self._at_once:
            self._lingers = True
            self._state.wait(self._linger)
            self._lingers = False

    def _claimed(self, most: int) -> list[Job]:
        try:
            found = self._claim(most)
        except Exception:
            if not self._told:  # once: a full disk lasts
                log.exception("the %s stage could not take up work; it tries again and again", self.name)
            self._told = True
            time.sleep(1.0)  # a table that can't be read just now; without a pause this loop would spin
            self.wake()
            return []
        self._told = False
        return found
