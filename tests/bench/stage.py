"""A daemon and a sandbox, each a process of its own, on directories of their own."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from tests.bench import files
from tests.bench.processes import ROOT, Child, child
from tests.support import wait_for

_ENVIRONMENT = {"ATLASCLOUD_API_KEY": "bench"}


class Stage:
    """Directories below `base`, the sandbox that is at `url`, and the daemon while it is `running`."""

    def __init__(self, base: str, url: str, sandbox: Child) -> None:
        self.base = base
        self.url = url
        self.sandbox = sandbox
        self.inbox, self.outbox, self.state = (os.path.join(base, name) for name in ("inbox", "outbox", "state"))
        self.config = os.path.join(base, "hotfolder.toml")
        self.log = os.path.join(base, "log")
        #: Seconds from the last start of the daemon's process to its READY=1.
        self.ready_after = 0.0
        self._daemon: Child | None = None
        self._starts = 0

    @property
    def daemon(self) -> Child:
        """The daemon's process."""
        if self._daemon is None:
            raise RuntimeError("the daemon is not running")
        return self._daemon

    def configure(
        self,
        *,
        kind: str = "image",
        prompts: bool = False,
        limits: Mapping[str, int] | None = None,
        page: bool = False,
    ) -> None:
        """Write the configuration: one folder; with `prompts` its files are texts and nothing is uploaded."""
        places = [f"{name} = {json.dumps(getattr(self, name))}" for name in ("inbox", "outbox")]
        lines = [f"state_dir = {json.dumps(self.state)}"]
        if page:
            lines += ["[web]", "enabled = true", "port = 0"]
        lines += ["[limits]", *(f"{name} = {value}" for name, value in (limits or {}).items())]
        lines += ["[folders.bench]", *places, 'model = "sandbox/echo"', f'kind = "{kind}"']
        lines += ["input = false" if prompts else f'input = "{kind}_url"']
        files.write(self.config, ("\n".join(lines) + "\n").encode())

    @contextlib.contextmanager
    def running(self, tree: str = ROOT) -> Iterator[Child]:
        """Start the daemon of a checkout and wait until it is ready; it ends with the block."""
        # The service manager's protocol tells when it is ready; closed then, so that nothing waits for a reader.
        self._starts += 1
        name = f"hotfolder-bench-{os.getpid()}-{self._starts}-{os.path.basename(self.base)}"[:100]  # unix(7)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(f"\0{name}")
            manager.settimeout(0.05)
            environment = {**_ENVIRONMENT, "NOTIFY_SOCKET": f"@{name}", "ATLASCLOUD_BASE_URL": self.url}
            begun = time.perf_counter()
            command = ["run", "--config", self.config]
            with child("daemon", command, self.log, environment, tree=tree) as daemon:
                wait_for(lambda: self._is_ready(manager, daemon), 300, f"the daemon to be ready; see {self.log}")
                self.ready_after = time.perf_counter() - begun
                manager.close()
                self._daemon = daemon
                try:
                    yield daemon
                finally:
                    self._daemon = None

    def _is_ready(self, manager: socket.socket, daemon: Child) -> bool:
        if not daemon.running():
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise RuntimeError(f"the daemon ended before it was ready: {file.read()[-2000:]}")
        with contextlib.suppress(TimeoutError):
            return b"READY=1" in manager.recv(65536)
        return False

    def until_idle(self) -> None:
        """Wait until the daemon has done next to nothing for a second."""
        used, until = -1.0, time.monotonic() + 60.0
        while (now := self.daemon.cpu()) - used > 0.02:
            if time.monotonic() > until:
                raise RuntimeError(f"the daemon does not come to rest; see {self.log}")
            used = now
            time.sleep(1.0)

    def ask_sandbox(self, question: str) -> Any:
        """Give the sandbox's answer to one of the lines that tests/bench/sandbox.py knows."""
        self.sandbox.say(question)
        return json.loads(self.sandbox.hear())

    def put_away(self) -> int:
        """Count the sources whose jobs are over for good."""
        with contextlib.suppress(FileNotFoundError):
            return len(os.listdir(os.path.join(self.inbox, "done")))
        return 0

    def results(self) -> int:
        """Count the results, not their records, nor what is being written."""
        with contextlib.suppress(FileNotFoundError):
            names = [entry.name for entry in os.scandir(self.outbox)]
            return sum(not name.startswith(".") and not name.endswith(".json") for name in names)
        return 0

    def until_results(self, count: int, longest: float) -> None:
        """Wait until there are so many results, looking the less often the longer a look takes."""
        until = time.monotonic() + longest
        while self.results() < count:
            if time.monotonic() > until:
                raise RuntimeError(f"there are {self.results()} of {count} results; see {self.log}")
            time.sleep(max(0.01, count / 20_000))

    def warm_up(self) -> None:
        """Run a few pictures through, so that what is made with the first jobs is made.

        The pauses are for watchdog: it holds events back for 0.5 s after a move into a directory that is new,
        as done/ is for the first job.
        """
        for number in range(3):
            before = self.put_away()
            files.write(os.path.join(self.inbox, f"first-{number}.png"), files.noise_png(10**9 + number))
            wait_for(lambda: self.put_away() > before, 30, f"the first jobs; see {self.log}")  # noqa: B023
            time.sleep(0.6)


@contextlib.contextmanager
def prepared(base: str, **settings: Any) -> Iterator[Stage]:
    """Start the sandbox, with these settings, in the new directory `base`; the daemon is yet to be started."""
    os.makedirs(base)
    with child("tests.bench.sandbox", [json.dumps(settings)], os.path.join(base, "log")) as sandbox:
        made = Stage(base, sandbox.hear(), sandbox)
        made.configure()
        yield made


@contextlib.contextmanager
def stage(base: str, *, kind: str = "image", **settings: Any) -> Iterator[Stage]:
    """Start sandbox (with these settings) and daemon in the new directory `base`; both end with the block."""
    with prepared(base, **settings) as made:
        made.configure(kind=kind)
        with made.running():
            yield made
