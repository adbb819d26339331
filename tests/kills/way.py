"""One job's way through a daemon that is killed at one system call, and started again.

How the points are enumerated. strace counts calls per thread and name, and `inject=CALL:signal=KILL:when=N` kills
the process when any traced thread enters its Nth CALL. Were all threads traced from the start, one that makes many
calls would hide the others' first ones. So the way is cut into phases, in each of which only one group of threads
(those of one pool, which share a name) is traced, from the phase's beginning:

- START: the first start in an empty place, until it is ready; the main thread.
- RESTART: a later start, over the table of an earlier one; the main thread.
- WORK: from the drop of a file into the inbox of a daemon that is ready until its source is put away; each group.
  All steps are done by one thread, as those of a small file are.
- HANDED: the same, with each step in a thread of its own pool, as slow ones are.
- STOP: from SIGTERM until the process ends, after a job; the main thread.

The first run of each phase is traced whole. Each call of it that changes anything (`trace.CHANGING`; an open only
with flags to write) is a point: group, call, N. Two threads of one group with the same call and N are one point,
met by the thread that comes there first. Threads that begin within a phase are left out: those of the pools do the
same in WORK and HANDED. The kill comes at the call's entry, and the call is not made. The next point comes right
after it, so each state that a kill can leave behind is met.
"""

import contextlib
import enum
import hashlib
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from daemon.sandbox.journal import Entry
from daemon.states import Job, State
from tests.daemon.house import House, files_below
from tests.daemon.process import jobs_of
from tests.daemon.samples import picture
from tests.kills.forks import Fork, fork, log_of
from tests.kills.trace import TIMED, WATCHING, Call, calls, failing, killing, merged, strace, was_killed
from tests.support import wait_for

NAME = "cat.png"
MAIN = "MainThread"
#: Seconds for a phase: a source that can't be put away is tried again after half a minute at most.
_PATIENCE = 90.0
Trace = Callable[[Fork], AbstractContextManager[None]]


class Phase(enum.Enum):
    START = "start"
    RESTART = "restart"
    WORK = "work"
    HANDED = "handed on"
    STOP = "stop"


_STARTS = frozenset({Phase.START, Phase.RESTART})
_WORKS = frozenset({Phase.WORK, Phase.HANDED})


@dataclass(frozen=True, slots=True)
class Point:
    """Where a kill falls: at the `nth` `call` of a thread of `group`.

    `in_air`: in the traced run this was between the commit of a submit's intent and that of its outcome. In phases
    of a start it is not known: the thread that sends is not traced, and how far it is by then is left to chance.
    """

    phase: Phase
    group: str
    call: str
    nth: int
    in_air: bool


class Way:
    """One job's way, in a house of its own; `number` makes its content one that no other way has.

    `trace` and `next_trace` are the files with the calls of the first daemon and of the one after it.
    """

    def __init__(self, house: House, number: int) -> None:
        self._house = house
        self._picture = picture(number)
        self.trace = os.path.join(house.base, "trace")
        self.next_trace = os.path.join(house.base, "next-trace")
        house.configure(limits={"uploads": 1})  # of many threads of a pool, each would fail once

    def recorded(self, phase: Phase) -> list[tuple[str, Call]]:
        """Go the whole way, and give the calls that were made in a phase, with the group of their thread."""
        groups: dict[int, str] = {}

        def trace(daemon: Fork) -> AbstractContextManager[None]:
            groups.update(_groups(phase, daemon))
            return strace(daemon.pid, groups, self.trace, *WATCHING)

        self._enter(phase, trace)
        self._check_end(self._let_end())
        return [(groups[call.thread], call) for call in calls(self.trace) if call.thread in groups]

    def killed_at(self, point: Point, *, watched: bool = False) -> bool:
        """Go the way with a kill; tell whether the point was reached. The end must be the same in any case.

        `watched`: the calls of the daemon that is started after the kill are written to `next_trace`.
        """
        self._enter(point.phase, self._tracer(point, *killing(point.call, point.nth)))
        self._check_end(self._let_end(self.next_trace if watched else None))
        assert "Traceback" not in log_of(self._house.base)
        return was_killed(self.trace)

    def failed_at(self, point: Point) -> str:
        """Go the way with a call that fails; the end must be the same. Give the trace of all threads."""
        others = f"{self.trace}-others"

        @contextlib.contextmanager
        def trace(daemon: Fork) -> Iterator[None]:
            groups = _groups(point.phase, daemon)
            rest = [thread for thread, group in groups.items() if group != point.group]
            with struck(daemon), strace(daemon.pid, rest, others, *TIMED):
                yield

        struck = self._tracer(point, *failing(point.call, point.nth))
        self._enter(point.phase, trace)
        self._check_end(self._finished())
        return merged(self.trace, others)

    def _tracer(self, point: Point, *words: str) -> Trace:
        def trace(daemon: Fork) -> AbstractContextManager[None]:
            threads = [thread for thread, group in _groups(point.phase, daemon).items() if group == point.group]
            return strace(daemon.pid, threads, self.trace, *words)

        return trace

    def _enter(self, phase: Phase, trace: Trace) -> None:
        """Run a daemon through a phase, traced, to the phase's end or its own; it is gone afterwards."""
        if phase is Phase.RESTART:
            self._once()
        daemon = self._fork("run", stopped=phase in _STARTS, hands_on=phase is Phase.HANDED)
        try:
            if phase not in _STARTS:
                daemon.until_ready()
            if phase not in _WORKS:
                self._house.drop(NAME, self._picture)
            if phase is Phase.STOP:
                wait_for(self._put_away, 20, "the job to be done")
            with trace(daemon):
                over = self._begin(phase, daemon)
                wait_for(lambda: daemon.ended(0.02) or over(), _PATIENCE, f"the end of {phase}")
        finally:
            daemon.close()

    def _begin(self, phase: Phase, daemon: Fork) -> Callable[[], bool]:
        """Let a phase begin; give what tells that it is over, the process' end apart."""
        match phase:
            case Phase.START | Phase.RESTART:
                daemon.send(signal.SIGCONT)
                return daemon.ready
            case Phase.WORK | Phase.HANDED:
                self._house.drop(NAME, self._picture)
                return self._put_away
            case Phase.STOP:
                daemon.send(signal.SIGTERM)
                return daemon.ended

    def _finished(self, watch: str | None = None) -> Job:
        """Start the daemon again, let it do what it can, and give the job. `watch`: where to write its calls."""
        self._once(watch)
        (job,) = jobs_of(self._house)
        return job

    def _once(self, watch: str | None = None) -> None:
        daemon = self._fork("run", "--once", stopped=watch is not None)
        try:
            with contextlib.ExitStack() as stack:
                if watch is not None:
                    stack.enter_context(strace(daemon.pid, [daemon.pid], watch, *WATCHING))
                    daemon.send(signal.SIGCONT)
                assert daemon.ended(30), log_of(self._house.base)
        finally:
            daemon.close()

    def _let_end(self, watch: str | None = None) -> Job:
        """Start the daemon again and give the job as it ends; it is held first if its submit was in the air.

        Where it was is seen in the table that the killed daemon left. In phases of a start other threads than the
        traced one work on the job already, so the kill at such a phase's end may find its submit in the air, too.
        """
        in_air = self._has_job_with("state = 'submitting'")
        job = self._finished(watch)
        assert (job.state is State.HELD, job.error_code) == (in_air, "unknown_submit" if in_air else None)
        return self._resolved(job) if in_air else job

    def _resolved(self, job: Job) -> Job:
        """Do what a person does about a submit of unknown outcome, and give the job as it is then."""
        sent = self._submits()
        if sent and sent[0].prediction_id:
            command = self._fork("attach", str(job.id), sent[0].prediction_id)
        else:  # it never got there
            command = self._fork("retry", str(job.id), "--pay-again")
            assert not sent
        assert command.ended(20)
        command.close()
        return self._finished()

    def _check_end(self, job: Job) -> None:
        """See that the result is there once and whole, the source put away, one submit sent, nothing left over."""
        assert (job.state, job.put_away) == (State.DONE, True)
        assert len(self._submits()) == 1
        assert set(names_below(self._house.outbox())) == {NAME, f"{NAME}.json"}
        assert self._house.results() == {NAME: self._picture}
        assert names_below(self._house.inbox()) == [f"done/{NAME}"]
        assert files_below(self._house.inbox()) == {f"done/{NAME}": self._picture}

    def _submits(self) -> list[Entry]:
        digest = hashlib.sha256(self._picture).hexdigest()
        return self._house.sandbox.submits_by_sha256().get(digest, [])

    def _put_away(self) -> bool:
        return self._has_job_with("put_away")

    def _has_job_with(self, condition: str) -> bool:
        """Tell whether the job meets a condition; the table and its log stay as they are."""
        table = f"file:{self._house.settings().state_dir}/jobs.db?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(table, uri=True)) as connection:
                return bool(connection.execute(f"SELECT 1 FROM jobs WHERE {condition}").fetchone())  # noqa: S608
        except sqlite3.OperationalError:  # there is no table yet
            return False

    def _fork(self, *arguments: str, stopped: bool = False, hands_on: bool | None = None) -> Fork:
        words = [*arguments, "--config", self._house.config]
        return fork(self._house.base, self._house.environ, words, stopped=stopped, hands_on=hands_on)


def _groups(phase: Phase, daemon: Fork) -> dict[int, str]:
    """Give the group of each thread that there is when a phase begins."""
    return {daemon.pid: MAIN} if phase in _STARTS else daemon.threads()


def points(phase: Phase, recorded: list[tuple[str, Call]]) -> list[Point]:
    """Give the points of a phase, in the order in which its traced run came to them."""
    first, last = _in_air([call for _, call in recorded])
    found: dict[tuple[str, str, int], Point] = {}
    for number, (group, call) in enumerate(recorded):
        if call.changes:
            key = (group, call.name, call.nth)
            found.setdefault(key, Point(phase, *key, in_air=first <= number < last))
    return list(found.values())


def _in_air(traced: list[Call]) -> tuple[int, int]:
    """Give the calls between which a submit's outcome is unknown: the flush of its intent, that of its outcome.

    A kill at the flush's entry leaves a commit that other processes see; only a power cut would take it away.
    """
    flushes = [number for number, call in enumerate(traced) if call.name == "fdatasync"]
    sends = [number for number, call in enumerate(traced) if "POST /api/v1/model/generate" in call.text]
    if not sends:
        return 0, 0
    return max(each for each in flushes if each < sends[0]), min(each for each in flushes if each > sends[0])


def names_below(root: str) -> list[str]:
    """Give the path of every file below a directory, hidden ones too."""
    return sorted(
        os.path.relpath(os.path.join(place, name), root) for place, _, names in os.walk(root) for name in names
    )
