"""A directory with a configuration, a sandbox behind it, and the command to run on both."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import IO, Any

from PIL import Image

from daemon.sandbox.server import Sandbox
from tests.support import wait_for
from tests.zygote import PIPE, Fork, zygote

RULE = """
[folders.{name}]
inbox = "inbox/{name}"
outbox = "outbox/{name}"
kind = "image"
model = "google/nano-banana-2/edit"
prompt = "Transform into oil painting style"
input = "images[]"
duplicates = "process"
"""


class House:
    """Runs commands in `directory`, with a home and an environment of its own."""

    def __init__(self, directory: str, sandbox: Sandbox) -> None:
        self.directory = directory
        self.sandbox = sandbox
        self.config = os.path.join(directory, "hotfolder.toml")
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": os.path.join(directory, "home"),
            "COLUMNS": "200",
            "HOTFOLDER_CONFIG": self.config,
        }
        os.makedirs(self.environ["HOME"])
        head = f'state_dir = "state"\n[api]\nbase_url = "{sandbox.url}"\n'
        self.write("hotfolder.toml", head + RULE.format(name="oil") + RULE.format(name="other"))

    def path(self, *parts: str) -> str:
        return os.path.join(self.directory, *parts)

    def write(self, name: str, text: str) -> str:
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def text(self) -> str:
        """Give the configuration's text."""
        with open(self.config, encoding="utf-8") as file:
            return file.read()

    def drop(self, name: str, colour: str = "red", folder: str = "inbox/oil") -> str:
        """Write a small picture; give its path."""
        os.makedirs(self.path(folder), exist_ok=True)
        Image.new("RGB", (64, 48), colour).save(self.path(folder, name))
        return self.path(folder, name)

    def start(self, *arguments: str, stderr: IO[str] | int = PIPE, **environ: str) -> Fork:
        return zygote().fork(arguments, {**self.environ, **environ}, directory=self.directory, stderr=stderr)

    def run(self, *arguments: str, code: int = 0, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end and hold its exit code against `code`; there must never be a traceback."""
        process = self.start(*arguments, stderr=PIPE, **environ)
        out, err = process.communicate(timeout=50)
        assert "Traceback" not in err, err
        assert process.returncode == code, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    @contextlib.contextmanager
    def daemon(self) -> Iterator[Fork]:
        """Have a daemon run, from when it answers commands to its clean end."""
        process = self.start("run")
        try:
            wait_for(lambda: self.json("status")["daemon"]["running"], 20, "the daemon to answer")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=15)
        assert process.returncode == 0, err

    def held(self) -> int:
        """Leave a job behind that is held because nobody knows whether its submit counts; give its id."""
        self.sandbox.fault("submit", "reset_after")
        self.drop("held.png", "blue")
        self.run("run", "--once", code=1)
        (job,) = self.json("jobs", "--state", "held")
        assert job["error"]["code"] == "unknown_submit"
        return int(job["id"])

    def state(self, job_id: int) -> str:
        return str(self.json("show", str(job_id))["state"])
