"""Closes jobs that have ended: deals with their sources, many with one sync of a directory and one transaction."""

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon import files, signs
from daemon.clock import Clock
from daemon.config import FolderRule
from daemon.errors import HotfolderError
from daemon.gates.folders import Folders
from daemon.results.putaway import put_away
from daemon.retry import pause
from daemon.states import Job
from daemon.table.store import Store
from daemon.work.persist import Persist

log = logging.getLogger(__name__)

#: How many jobs are closed together at most.
AT_ONCE = 50
#: The backoff's step, as if so many tries had failed: what keeps a source from being moved seldom ends soon.
_STEP = 6

_Changes = Mapping[str, Any]


class Closing:
    """Puts sources away. `rule_for` gives the rule a job goes by, `later` is told when a row is due again."""

    def __init__(
        self,
        store: Store,
        persist: Persist,
        clock: Clock,
        folders: Folders,
        rule_for: Callable[[Job], FolderRule | None],
        *,
        chance: Callable[[], float],
        later: Callable[[float], None],
    ) -> None:
        self._store = store
        self._persist = persist
        self._clock = clock
        self._folders = folders
        self._rule_for = rule_for
        self._chance = chance
        self._later = later

    def close(self, jobs: Sequence[Job]) -> None:
        """Deal with what claimed jobs that have ended leave behind; nothing is raised.

        All that is needed to do it again after a kill is on disk: `done` was written before this begins, and the
        rows say that the sources are put away only when the directories that show it are on disk.
        """
        try:
            moved: list[list[str]] = []
            there: set[str] = set()
            wanted = [(job, self._one(job, there, moved)) for job in jobs]
            try:
                for directory in _in_order(moved):
                    with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # removed by its owner
                        files.sync_directory(directory)
            except OSError as error:
                wanted = [(job, self._again(job, error)) for job in jobs]
            written = self._persist(jobs[0], lambda: self._store.write_all(wanted))
        except Exception:
            log.exception(
                "job %d: that its source was put away could not be recorded", jobs[0].id, extra=_about(jobs[0])
            )
            return
        for job, after in zip(jobs, written, strict=True):
            if after is None:
                log.info("job %d was changed while its source was put away", job.id, extra=_about(job))

    def _one(self, job: Job, there: set[str], moved: list[list[str]]) -> _Changes:
        """Put one source away; give what is to be written of it.

        `there` collects folders that were found in their places, `moved` the directories that are to be synced.
        """
        signs.beat()
        try:
            rule = self._rule_for(job)
            if rule is None:  # its folder is configured no more, so there is no done/ to bring it to
                return {"put_away": True}
            if rule.name not in there:
                self._folders.check(rule)  # a source whose mount is gone is not gone
                there.add(rule.name)
            moved.append([])
            place = put_away(job, rule, moved[-1].append)
        except Exception as error:  # noqa: BLE001 - it is told in the log, and one job's trouble is not the others'
            return self._again(job, error)
        return {"put_away": True, "lies_at": place.lies_at, "in_inbox": place.in_inbox, "waits_for": None}

    def _again(self, job: Job, error: Exception) -> _Changes:
        why = f"the source can't be put away: {error}"
        if job.waits_for != why:
            unforeseen = not isinstance(error, OSError | HotfolderError)
            trace = error if unforeseen else None
            log.warning("job %d: %s; tried again later", job.id, why, exc_info=trace, extra=_about(job))
        due_at = self._clock.now() + pause(_STEP, self._chance())
        self._later(due_at)
        return {"due_at": due_at, "waits_for": why}


def _about(job: Job) -> dict[str, int | str]:
    """Give what a log line says of a job beside its words."""
    return {"job": job.id, "folder": job.folder}


def _in_order(moved: Sequence[Sequence[str]]) -> list[str]:
    """Give each directory that `put_away` named once, those that sources went to before those that they left.

    Where names reach the disk without a journal, a source would else be in neither of two after a power cut.
    """
    targets = {directory for each in moved for directory in each[:-1]}
    sources = {each[-1] for each in moved if each}
    # failed/ is both, for a job that failed and for one that succeeds at last: after done/, before the inbox
    return sorted(targets | sources, key=lambda directory: (directory in sources) - (directory in targets))
