"""What `hotfolder demo` does: the whole way of sample files, against the sandbox, in a directory of its own."""

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from daemon import config, files, names
from daemon.config import FolderRule, Settings
from daemon.errors import ConfigError, Fault, Refused
from daemon.sandbox.samples import write_prompts, write_samples
from daemon.sandbox.server import Sandbox
from daemon.service.service import Service
from daemon.states import Job, State

#: Which samples go into which folder of the configuration below.
_SAMPLES: Mapping[str, Sequence[str]] = {
    "oil-painting": ("landscape.jpg", "still life.jpg", "portrait.png"),
    "camera-move": ("sea.webp",),
    "twice-as-large": ("meadow.png",),
    "pictures-from-text": ("harbour.txt", "library.txt"),
}

_CONFIGURATION = """\
# The configuration of `hotfolder demo`. Paths begin at the directory of this file. Change what you like and run
# the demo again, or run the parts yourself, in two terminals:
#
#   hotfolder sandbox
#   hotfolder run --config hotfolder.toml

state_dir = "state"

[web]
enabled = true                          # the page; `hotfolder page` opens it

[api]
base_url = "http://127.0.0.1:8459"      # the sandbox; the real API is https://api.atlascloud.ai

# Pictures become oil paintings. The sandbox goes by words of the prompt: try sketch, sepia, watercolour, cartoon.
[folders.oil-painting]
inbox = "inbox/oil-painting"
outbox = "outbox/oil-painting"
kind = "image"
model = "google/nano-banana-2/edit"
prompt = "Transform into oil painting style"
input = "images[]"
duplicates = "process"                  # the same picture again is another take; else the first result is reused

# Pictures become short videos.
[folders.camera-move]
inbox = "inbox/camera-move"
outbox = "outbox/camera-move"
kind = "video"
model = "bytedance/seedance-2.0/image-to-video"
prompt = "A slow camera move towards the subject"
duplicates = "process"

# Pictures become larger.
[folders.twice-as-large]
inbox = "inbox/twice-as-large"
outbox = "outbox/twice-as-large"
kind = "image"
model = "atlascloud/image-upscaler"
prompt = "Upscale"
input = "image"
duplicates = "process"

# Texts become pictures: each file is a prompt.
[folders.pictures-from-text]
inbox = "inbox/pictures-from-text"
outbox = "outbox/pictures-from-text"
kind = "image"
model = "google/nano-banana-2/text-to-image"
input = false
duplicates = "process"
"""


class Demo:
    """A sandbox and a daemon in this process, from `with` to its end, on the files under `directory`.

    A configuration that lies there already is used as it is. Entering raises ConfigError or OSError.
    """

    def __init__(self, directory: str) -> None:
        self.directory = os.path.abspath(directory)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            os.makedirs(self.directory, exist_ok=True)
            path = write_configuration(self.directory)
            sandbox = stack.enter_context(Sandbox(predict_seconds=1.5, jitter=0.3))
            # An environment of its own: what is set for the real API must not bring the demo there.
            environ = {"HOME": self.directory, "ATLASCLOUD_BASE_URL": sandbox.url}
            self.settings = _with_page(config.load(path, environ, need_key=True))
            self._service = Service(self.settings)
            self._service.open()
            stack.callback(self._service.stop)
            self._newest = max((job.id for job in self._service.parts.store.listed(limit=1)), default=0)
            self._service.start()
            self._service.parts.inbox.ready.wait(30.0)
            self._service.page.open()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def drop(self) -> list[str]:
        """Drop the samples into the inboxes, as a person would; give their paths. Raises ConfigError, OSError."""
        samples = os.path.join(self.directory, "samples")
        os.makedirs(samples, exist_ok=True)
        write_samples(samples)
        write_prompts(samples)
        dropped = [
            _drop(os.path.join(samples, name), rule)
            for rule in self.settings.folders.values()
            for name in _SAMPLES.get(rule.name, ())
        ]
        if not dropped:
            wrong = "has none of the demo's folders any more"
            raise ConfigError([Fault("folders", wrong, "delete the file for a new one")], self.settings.path)
        return dropped

    def page(self) -> str | None:
        """Give an address that opens the page once; None where there is none."""
        try:
            return self._service.page.ticket()
        except Refused:
            return None

    def jobs(self) -> list[Job]:
        """Give the jobs that this demo has made so far, oldest first."""
        found = self._service.parts.store.listed(limit=1000)
        return [job for job in reversed(found) if job.id > self._newest]

    def follow(self, sources: Sequence[str], timeout: float) -> Iterator[list[Job]]:
        """Give the jobs again and again until all of `sources` have ended, or `timeout` seconds have passed."""
        until = time.monotonic() + timeout
        while True:
            jobs = self.jobs()
            yield jobs
            ended = {job.source for job in jobs if (job.final and job.put_away) or job.state is State.HELD}
            if ended.issuperset(sources) or time.monotonic() > until:
                return
            time.sleep(0.1)


def _with_page(settings: Settings) -> Settings:
    """Have the page served unless the file says no, at a free port where the configured one is taken."""
    web = settings.web
    try:
        socket.create_server(
            (web.host, web.port), family=socket.AF_INET6 if ":" in web.host else socket.AF_INET
        ).close()
        port = web.port
    except OSError:
        port = 0
    enabled = web.enabled or "enabled" not in web.model_fields_set
    return settings.model_copy(update={"web": web.model_copy(update={"enabled": enabled, "port": port})})


def write_configuration(directory: str) -> str:
    """Write the demo's configuration into `directory` unless there is one; give its path. Raises OSError."""
    path = os.path.join(directory, "hotfolder.toml")
    if not os.path.lexists(path):
        files.write_file(path, _CONFIGURATION.encode())
    return path


def _drop(sample: str, rule: FolderRule) -> str:
    """Copy a sample into an inbox under a hidden name and rename it when it is whole, as sync clients do."""
    draft = os.path.join(rule.inbox, f".{os.path.basename(sample)}.part")
    shutil.copyfile(sample, draft)

    def attempt(taken: int) -> str:
        target = os.path.join(rule.inbox, names.beside(os.path.basename(sample), taken))
        files.move_noreplace(draft, target)
        return target

    return files.first_free(attempt)
