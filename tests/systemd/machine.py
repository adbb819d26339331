"""A machine to install services on: a real systemd in namespaces of its own, over a throw-away layer over `/`.

It sees the programs of this machine, has a loopback network only, and what is written in
it lands in memory. `crash` is a power cut for everything but the disk: `up` boots again with the same files.
It needs root, util-linux and systemd's programs; `why_not` tells what is missing.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from tests.support import wait_for

BOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot")
SYSTEMD = "/lib/systemd/systemd"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def why_not() -> str | None:
    """Say why no machine can be had here, or None if one can."""
    if os.geteuid() != 0:
        return "a machine with a systemd of its own needs root"
    for program in (SYSTEMD, "systemctl", "mount", "unshare", "nsenter", "setpriv"):
        if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
            return f"{program} is not installed"
    if cgroup_mount() is None:
        return "no unified cgroup hierarchy is mounted"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], check=False)
    return "this container may not make namespaces" if probe.returncode else None


def cgroup_mount() -> str | None:
    """Give the path where the unified cgroup hierarchy is mounted (proc(5), mountinfo), or None."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        for line in mounts:
            before, _, after = line.partition(" - ")
            if after.startswith("cgroup2 "):
                return before.split()[4]
    return None


class Machine:
    """One such machine; `directory` is an empty one where it may mount its disk."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.pid = 0  # of its systemd, as seen from outside
        self._cgroup = ""
        self._holder: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # The upper layer can't lie on the file system that it is laid over, so it gets one of its own.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2G,mode=755", "tmpfs", self.directory], check=True)
        try:
            for name in ("upper", "work", "root"):
                os.mkdir(os.path.join(self.directory, name))
            self._leave_out_local_units()
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def _leave_out_local_units(self) -> None:
        """Hide `/etc/systemd/system`: what this machine has enabled is none of a test's business."""
        units = os.path.join(self.directory, "upper/etc/systemd/system")
        os.makedirs(units)
        os.setxattr(units, "trusted.overlay.opaque", b"y")  # kernel, Documentation/filesystems/overlayfs.rst

    def up(self) -> None:
        """Boot, and return when every unit of the boot is started or has failed."""
        mount = cgroup_mount()
        assert mount is not None, "ask why_not() first"
        self._cgroup = os.path.join(mount, f"hotfolder-test-{os.getpid()}-{id(self):x}")
        os.makedirs(self._cgroup, exist_ok=True)
        # Whoever dies takes the next with it, down to systemd: a killed test run leaves no processes.
        tied = ["setpriv", "--pdeathsig", "KILL"]
        namespaces = ["--pid", "--mount", "--ipc", "--uts", "--net"]
        with open(os.path.join(self.directory, "console"), "ab") as console:
            self._holder = subprocess.Popen(
                [
                    *tied,
                    "unshare",
                    "--fork",
                    "--kill-child",
                    *namespaces,
                    BOOT,
                    "enter",
                    self.directory,
                    self._cgroup,
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self.pid = int(wait_for(self._first_child, what="the machine's first process"))
        wait_for(self._booted, timeout=30, what="systemd to boot")

    def _first_child(self) -> str:
        holder = self._running().pid
        with open(f"/proc/{holder}/task/{holder}/children", encoding="ascii") as children:
            return children.read().strip()

    def _running(self) -> subprocess.Popen[bytes]:
        """Give the process that holds the machine; raise AssertionError with what it wrote if it has ended."""
        assert self._holder is not None
        if self._holder.poll() is not None:
            with open(os.path.join(self.directory, "console"), errors="replace") as console:
                raise AssertionError(f"the machine ended: {console.read()}")
        return self._holder

    def _booted(self) -> bool:
        self._running()
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in {"running", "degraded"}

    def run(self, *command: str, given: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root, with `given` as its standard input; return its output as text.

        With `check`, a command that fails raises AssertionError with what it wrote.
        """
        result = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--all", *command],
            env=ENVIRONMENT,
            input=given or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )
        said = f"{command}: {result.returncode}\n{result.stdout}{result.stderr}"
        assert not check or result.returncode == 0, said
        return result

    def path(self, inside: str) -> str:
        """Give the path by which this process reaches what lies at `inside` in the machine."""
        return f"/proc/{self.pid}/root{inside}"

    def journal(self, unit: str) -> str:
        """Give all that a unit wrote to the journal."""
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}").stdout

    def crash(self) -> None:
        """Kill everything at once, as a power cut does; the disk stays as it was. `up` boots again."""
        os.kill(self.pid, signal.SIGKILL)
        self._ended()

    def down(self) -> None:
        """Kill everything and unmount the disk, from whatever state it is in."""
        if self._holder is not None:
            self._holder.kill()  # does nothing to one that has ended
            self._ended()
        subprocess.run(["umount", "--lazy", self.directory], check=True)

    def _ended(self) -> None:
        """Wait until nothing of the machine runs any more, and remove its control groups."""
        assert self._holder is not None
        self._holder.wait(timeout=20)
        wait_for(lambda: _remove_groups(self._cgroup), timeout=20, what="the machine's last process to end")


def _remove_groups(top: str) -> bool:
    """Remove a control group with all below it; tell whether it could be: no process may be in them."""
    groups: Iterable[str] = [path for path, _, _ in os.walk(top, topdown=False)]
    try:
        for group in groups:
            os.rmdir(group)
    except OSError:
        return False
    return True
