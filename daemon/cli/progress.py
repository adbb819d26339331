"""Shows jobs moving: a bar for each on a terminal, else a line for each change of state."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from daemon.names import shown
from daemon.states import Job, State

#: The way of a job that succeeds.
_WAY = (
    State.QUEUED,
    State.UPLOADING,
    State.UPLOADED,
    State.SUBMITTING,
    State.PROCESSING,
    State.DOWNLOADING,
    State.DONE,
)
_OVER = frozenset({State.DONE, State.FAILED, State.HELD, State.CANCELLED})


class JobProgress:
    """Draws on `console` from `with` to its end what `show` is given."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[standing]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[int, TaskID] = {}
        self._said: dict[int, str] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, jobs: Iterable[Job]) -> None:
        """Take in how the jobs stand now."""
        for job in jobs:
            standing = job.state if not job.waits_for else f"{job.state}: {job.waits_for}"
            if self._said.get(job.id) == standing:
                continue
            self._said[job.id] = standing
            if self._bars.disable:
                self._console.print(f"{job.folder}/{shown(job.name)}: {standing}", soft_wrap=True)
            else:
                self._move(job, standing)

    def _move(self, job: Job, standing: str) -> None:
        if job.id not in self._tasks:
            name = f"{job.folder}/{shown(job.name)}"
            self._tasks[job.id] = self._bars.add_task(name, total=len(_WAY) - 1, standing=standing)
        task = self._tasks[job.id]
        self._bars.update(task, standing=standing)
        if job.state in _WAY:
            self._bars.update(task, completed=_WAY.index(job.state))
        if job.state in _OVER:
            self._bars.stop_task(task)
