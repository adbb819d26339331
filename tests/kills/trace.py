"""strace(1) on threads of a process that runs: which calls they make, and a kill at one of them."""

import contextlib
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.support import wait_for

#: The system calls that change what outlives a process: files, names, what is sent. `?`: where there is one.
CHANGING = (
    "?open,openat,?openat2,?creat,write,writev,pwrite64,pwritev,pwritev2,copy_file_range,sendfile,splice,"
    "fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,"
    "?rename,renameat,renameat2,?link,linkat,?symlink,symlinkat,?unlink,unlinkat,"
    "?mkdir,mkdirat,?rmdir,?mknod,mknodat,?chmod,fchmod,fchmodat,?chown,fchown,fchownat,"
    "utimensat,setxattr,lsetxattr,fsetxattr,connect,bind,sendto,sendmsg,sendmmsg"
)
#: Words that have all threads of a process watched, whatever they do.
WATCHING = ("-qq", "-f", "-y", f"-etrace={CHANGING}")
#: Words that have the threads that are named watched, with the time of each call.
TIMED = ("-qq", "-y", "-ttt", f"-etrace={CHANGING}")
_TIME = re.compile(r"\b\d+\.\d{6}\b")
_OPENS = frozenset({"open", "openat", "openat2", "creat"})
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the `nth` of its name in its thread (from 1), as strace counts for `when=`."""

    thread: int
    name: str
    nth: int
    text: str  # as strace writes it

    @property
    def changes(self) -> bool:
        """Tell whether it may change anything; an open for reading does not."""
        return self.name not in _OPENS or bool(re.search(r"O_(CREAT|WRONLY|RDWR|TRUNC)", self.text))


@contextlib.contextmanager
def strace(pid: int, threads: Iterable[int], path: str, *words: str) -> Iterator[None]:
    """Trace threads of a process, or with `-f` all it will have, writing to `path`.

    strace is attached when the block begins; the trace is complete when the block has ended.
    """
    threads = list(threads)
    named = [pid] if "-f" in words else threads
    with subprocess.Popen(["strace", "-o", path, *words, *(f"-p{each}" for each in named)]) as tracer:
        try:
            wait_for(lambda: all(_tracer_of(pid, thread) == tracer.pid for thread in threads), 10, "strace")
            yield
        finally:
            if os.path.exists(f"/proc/{pid}"):
                tracer.send_signal(signal.SIGTERM)  # it lets its threads go
            tracer.wait(10)


def _tracer_of(pid: int, thread: int) -> int:
    with open(f"/proc/{pid}/task/{thread}/status", encoding="utf-8", errors="replace") as file:
        return int(file.read().partition("TracerPid:")[2].split()[0])


def killing(call: str, nth: int) -> tuple[str, ...]:
    """Give the words that have a traced thread's process killed when it enters its nth `call`."""
    return ("-q", "-y", f"-etrace={call}", f"-einject={call}:signal=KILL:when={nth}")


def failing(call: str, nth: int) -> tuple[str, ...]:
    """Give the words that have a thread's nth `call` fail as on a broken disk, and all its calls watched."""
    return (*TIMED, f"-einject={call}:error=EIO:when={nth}")


def merged(*paths: str) -> str:
    """Give the lines of several traces with times in their order."""
    lines: list[str] = []
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines += file
    return "".join(sorted(lines, key=lambda line: _TIME.findall(line)[:1]))


def struck_flush(text: str) -> tuple[str, str]:
    """Give the file whose flush failed, or at whose flush a kill fell, and what was called after it."""
    before, _, after = text.partition("(INJECTED)")
    return re.findall(r"sync\(\d+<([^>]*)>", before)[-1], after


def flushes(text: str, path: str) -> list[int]:
    """Give where, in the text of a trace, a file is brought to the disk."""
    return [found.start() for found in re.finditer(rf"sync\(\d+<{re.escape(path)}>", text)]


def calls(path: str) -> list[Call]:
    """Give the calls of a trace that was made `WATCHING`, in their order."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    count: Counter[tuple[int, str]] = Counter()
    found = []
    for line in _LINE.finditer(text):
        thread, name = int(line[1]), line[2]
        count[thread, name] += 1
        found.append(Call(thread, name, count[thread, name], line[3]))
    return found


def was_killed(path: str) -> bool:
    """Tell whether the traced process ended by a kill."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return "killed by SIGKILL" in file.read()
