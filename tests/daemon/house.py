"""A whole house for a test: a sandbox, folders, a configuration, and the daemon at work in this process."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from daemon.clock import Clock
from daemon.config import Settings, load
from daemon.errors import Conflict
from daemon.sandbox.journal import Entry
from daemon.sandbox.server import Sandbox
from daemon.service.service import Service
from daemon.states import Job, State
from tests.support import wait_for

KEY = "apikey-of-the-tests"
FOLDER = "pictures"
#: What each rule says unless a test says else. The sandbox gives back what was uploaded; nothing waits long.
RULE: Mapping[str, Any] = {"kind": "image", "model": "sandbox/echo", "settle": 0.1, "patience": 0.5}
#: Seconds of predictions that run until the test ends them (`Sandbox.end_predictions`).
LASTING = 3600.0
_PAPERS = (".json", ".error.txt")


def toml(value: Any) -> str:
    """Give a value as TOML, tables inline; JSON's form is TOML's for all but these."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


class House:
    """Everything lies below `base`. `start` takes the folders' rules, or the values of one folder's rule."""

    def __init__(self, base: str, sandbox: Sandbox) -> None:
        self.base = base
        self.sandbox = sandbox
        self.config = os.path.join(base, "hotfolder.toml")
        self.environ = {"ATLASCLOUD_API_KEY": KEY, "HOME": base}
        self.service: Service | None = None
        self._drops = 0

    # Configuration

    def configure(
        self,
        folders: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        limits: Mapping[str, Any] | None = None,
        web: Mapping[str, Any] | None = None,
        **rule: Any,
    ) -> None:
        """Write the configuration: `folders`, or one folder with `rule`."""
        lines = [f"state_dir = {toml(os.path.join(self.base, 'state'))}"]
        lines += ["[api]", f"base_url = {toml(self.sandbox.url)}", "[limits]"]
        lines += [f"{name} = {toml(value)}" for name, value in (limits or {}).items()]
        lines += ["[web]", *(f"{name} = {toml(value)}" for name, value in (web or {}).items())]
        for name, own in (folders or {FOLDER: rule}).items():
            places = {"inbox": self.inbox(name), "outbox": self.outbox(name)}
            lines.append(f"[folders.{json.dumps(name)}]")
            lines += [f"{key} = {toml(value)}" for key, value in {**RULE, **places, **own}.items()]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def rewrite(self, old: str, new: str) -> None:
        """Put `new` into the configuration where `old` stands."""
        with open(self.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))

    def inbox(self, folder: str = FOLDER, *parts: str) -> str:
        return os.path.join(self.base, "inbox", folder, *parts)

    def outbox(self, folder: str = FOLDER, *parts: str) -> str:
        return os.path.join(self.base, "outbox", folder, *parts)

    def settings(self) -> Settings:
        return load(self.config, self.environ, need_key=True)

    # The daemon

    def start(self, folders: Mapping[str, Mapping[str, Any]] | None = None, **values: Any) -> None:
        """Configure, start the daemon and wait until it watches."""
        self.configure(folders, **values)
        self.begin()

    def begin(self, clock: Clock | None = None) -> None:
        """Start the daemon with the configuration as it is, and with a clock of the test's own if it has one."""
        service = self.service = Service(self.settings(), load=self.settings)
        service.clock = clock or service.clock
        service.open()
        service.start()
        assert service.parts.inbox.ready.wait(20)

    def stop(self) -> None:
        """Stop the daemon; it must end in time."""
        service, self.service = self.service, None
        if service is not None:
            assert service.stop()

    def close(self) -> None:
        """Stop the daemon if it runs, however it does that."""
        if self.service is not None:
            self.service.stop()

    def restart(self) -> None:
        self.stop()
        self.begin()

    def reload(self, folders: Mapping[str, Mapping[str, Any]] | None = None, **values: Any) -> list[str]:
        self.configure(folders, **values)
        said = self.daemon.reload()
        assert self.daemon.parts.inbox.ready.wait(20)
        return said

    @property
    def daemon(self) -> Service:
        assert self.service is not None
        return self.service

    # Files

    def drop(self, name: str, data: bytes, folder: str = FOLDER) -> str:
        """Move a file into an inbox, whole, and give its path; `name` may have subfolders."""
        path = self.inbox(folder, name)
        self.put(path, data)
        return path

    def put(self, path: str, data: bytes) -> None:
        """Put a file in place, whole, over what is there."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._drops += 1
        draft = os.path.join(self.base, f"draft-{self._drops}")
        with open(draft, "wb") as file:
            file.write(data)
        os.rename(draft, path)

    def results(self, folder: str = FOLDER) -> dict[str, bytes]:
        """Give what people see in an outbox but for its records: path below it, and bytes."""
        return {
            path: data for path, data in files_below(self.outbox(folder)).items() if not path.endswith(_PAPERS)
        }

    def failed(self, name: str, folder: str = FOLDER) -> str:
        """Give the error text of a source that lies in failed/."""
        path = self.inbox(folder, "failed", name)
        assert os.path.exists(path)
        with open(path + ".error.txt", encoding="utf-8") as file:
            return file.read()

    # The table

    def jobs(self) -> list[Job]:
        """Give all jobs, oldest first."""
        return self.daemon.parts.store.listed()[::-1]

    def job(self, source: str) -> Job | None:
        """Give the latest job of a source (path), if there is one."""
        return next((job for job in reversed(self.jobs()) if job.source == source), None)

    def until(
        self, source: str, *states: State, code: str | None = None, after: int = 0, timeout: float = 20.0
    ) -> Job:
        """Wait until the job of a source stands in one of `states` (done), a final one with its source put away.

        `code`: also with that error; `after`: a job with a greater id than that.
        """

        def there() -> Job | None:
            job = self.job(source)
            if job is None or job.id <= after or job.state not in (states or (State.DONE,)):
                return None
            return job if (job.put_away or not job.final) and code in (None, job.error_code) else None

        def found() -> str:
            return f"{os.path.basename(source)!r} to be {states or 'done'} {code or ''}; it is {self.job(source)}"

        try:
            job = wait_for(there, timeout)
        except AssertionError:
            raise AssertionError(found()) from None
        assert job is not None
        return job

    def until_held(self, source: str, code: str, timeout: float = 20.0) -> Job:
        return self.until(source, State.HELD, code=code, timeout=timeout)

    def until_failed(self, source: str, code: str | None = None) -> Job:
        return self.until(source, State.FAILED, code=code)

    def until_all_done(self, number: int, timeout: float = 30.0) -> None:
        """Wait until so many jobs are done and put away, and none stands elsewhere."""

        def over() -> bool:
            jobs = self.jobs()
            return len(jobs) == number and all(job.state is State.DONE and job.put_away for job in jobs)

        wait_for(over, timeout, f"{number} jobs done")

    def until_rest(self, timeout: float = 20.0) -> None:
        """Wait until nothing moves that does not wait for a time, a condition or a person."""
        wait_for(lambda: self.daemon.parts.inbox.quiet() and self.daemon.parts.worker.quiet(), timeout, "rest")

    # Time, as far as a test may not wait for it

    def hurry(self) -> None:
        """Make due at once what waits for a time of its own, and every probe of a closed gate; end every pause."""
        now = self.daemon.clock.now()
        for job in self.jobs():
            if not job.put_away and job.claimed_by is None and job.due_at > now:
                with contextlib.suppress(Conflict):
                    self.daemon.parts.store.amend(job, due_at=now)
        self.daemon.parts.gates.probe_now(now)
        self.daemon.parts.pacing.lift()
        self.daemon.parts.scheduler.later(now)

    def let_pass(self, seconds: float) -> None:
        """Let so much time have passed for the daemon: its timers run by a clock of its own."""
        self.daemon.clock._offset += seconds
        self.daemon.parts.scheduler.soon(self.daemon.parts.scheduler._look)

    def hurried(self, source: str, *states: State, code: str | None = None) -> Job:
        """Wait as `until` does, and let no pause last."""

        def there() -> bool:
            self.hurry()
            job = self.job(source)
            return job is not None and job.state in (states or (State.DONE,)) and code in (None, job.error_code)

        wait_for(there, 20, f"{source!r} to be {states or 'done'}")
        return self.until(source, *states, code=code)

    # The API's side

    def submits(self) -> list[Entry]:
        """Give every submit that was sent, accepted or not."""
        return [entry for entry in self.sandbox.journal() if entry.call == "submit"]

    def sent(self) -> list[Entry]:
        """Give every call that hands the API something: uploads and submits."""
        return [entry for entry in self.sandbox.journal() if entry.method == "POST"]

    def gates(self) -> dict[str, str]:
        """Give the closed gates: code and scope."""
        return {gate.code: gate.scope for gate in self.daemon.parts.gates.closed()}


def files_below(root: str) -> dict[str, bytes]:
    """Give the visible files below a directory: path below it, and bytes."""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root)
            if not name.startswith("."):
                with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
                    found[relative] = file.read()
    return found


@contextlib.contextmanager
def house_in(base: str, **sandbox: Any) -> Iterator[House]:
    """Open a house below `base`, and close it; the daemon is started by the test."""
    with Sandbox(**sandbox) as running:
        house = House(base, running)
        try:
            yield house
        finally:
            # both at once: each waits for threads of its own, and there are many tests
            ending = threading.Thread(target=house.close)
            ending.start()
            running.stop()
            ending.join()
