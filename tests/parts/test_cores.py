"""Cores: threads share one and leave it for many bytes. Each case is a process: it binds all threads in it."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core only")

#: A thread that runs what it is given, and one that only waits.
_STAGE = """
import os, subprocess, sys, threading
from concurrent.futures import ThreadPoolExecutor
from daemon import cores

thread = ThreadPoolExecutor(1)
every = os.sched_getaffinity(0)

def bound():
    return os.sched_getaffinity(0)

def inside(context):
    with context:
        return bound()

def there(call, *arguments):
    return thread.submit(call, *arguments).result()

there(bound)
"""

#: Has the kernel refuse to bind threads, as a unit's filter of system calls does (seccomp(2)).
_REFUSED = """
import ctypes, struct
NUMBER = {"x86_64": 203, "aarch64": 122}[os.uname().machine]
program = b"".join(struct.pack("HBBI", *each) for each in (
    (0x20, 0, 0, 0),  # load the call's number
    (0x15, 0, 1, NUMBER),
    (0x06, 0, 0, 0x00050001),  # EPERM
    (0x06, 0, 0, 0x7FFF0000),  # let through
))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
prctl = ctypes.CDLL(None, use_errno=True).prctl
filter = Program(4, program)
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, ctypes.byref(filter), 0, 0) == 0
"""


def run(script: str, *before: str) -> None:
    """Run a script on the stage above; what it asserts must hold."""
    command = [*before, sys.executable, "-c", _STAGE + script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_all_threads_but_the_main_one_come_to_one_core() -> None:
    run("""
cores.gather()
assert len(there(bound)) == 1
assert bound() == every
cores.scatter()
assert there(bound) == every
""")


def test_a_core_is_kept_for_a_while_and_then_chosen_anew() -> None:
    for kept, gathered_again in ((60.0, False), (0.0, True)):
        run(f"""
cores.KEPT = {kept}
cores.gather()
there(os.sched_setaffinity, 0, every)
cores.gather()
assert (len(there(bound)) == 1) is {gathered_again}
""")


def test_threads_made_later_come_too() -> None:
    run("""
cores.KEPT = 0.0
cores.gather()
late = ThreadPoolExecutor(1)
assert late.submit(bound).result() == every
cores.gather()
assert len(late.submit(bound).result()) == 1
""")


def test_who_moves_many_bytes_runs_on_any_core() -> None:
    run("""
cores.gather()
assert there(inside, cores.hashing(cores.MANY)) == every
assert len(there(bound)) == 1
assert len(there(inside, cores.hashing(cores.MANY - 1))) == 1
""")


def test_a_thread_that_moves_many_bytes_is_not_called_back() -> None:
    run("""
cores.KEPT = 0.0
cores.gather()
def moves():
    with cores.hashing(cores.MANY), cores.hashing(cores.MANY):
        begun.set()
        assert goes_on.wait(10)
        return bound()
begun, goes_on = threading.Event(), threading.Event()
moving = thread.submit(moves)
assert begun.wait(10)
cores.gather()
goes_on.set()
assert moving.result() == every
assert len(there(bound)) == 1
""")


def test_a_process_that_is_started_roaming_may_use_any_core() -> None:
    run("""
cores.gather()
def start():
    with cores.roaming():
        child = subprocess.Popen([sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"],
                                 stdout=subprocess.PIPE)
    return int(child.communicate()[0])
assert there(start) == len(every)
assert len(there(bound)) == 1
""")


def test_an_error_while_bytes_move_leaves_the_thread_bound() -> None:
    run("""
cores.gather()
def fails():
    with cores.hashing(cores.MANY):
        raise OSError("bad")
try:
    there(fails)
except OSError:
    pass
assert len(there(bound)) == 1
assert there(inside, cores.hashing(cores.MANY)) == every
""")


def test_only_the_main_thread_gathers_the_others() -> None:
    run("""
there(cores.gather)
assert there(bound) == every
cores.gather()
assert len(there(bound)) == 1
""")


def test_it_gets_by_without_a_descriptor() -> None:
    run("""
import resource
cores.KEPT = 0.0
cores.gather()
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
cores.gather()
assert len(there(bound)) == 1
cores.scatter()
assert there(bound) == every
""")


def test_with_one_core_nothing_is_bound() -> None:
    core = min(os.sched_getaffinity(0))
    run(
        """
cores.gather()
assert there(inside, cores.hashing(cores.MANY)) == every == there(bound)
cores.scatter()
""",
        "taskset",
        "-c",
        str(core),
    )


@pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="the number of the call is not known")
def test_where_binding_is_not_allowed_threads_run_as_always() -> None:
    run(f"""
{_REFUSED}
try:
    os.sched_setaffinity(0, every)
    raise SystemExit("the filter does not work")
except PermissionError:
    pass
cores.gather()
assert there(bound) == every
assert there(inside, cores.hashing(cores.MANY)) == every
cores.scatter()
""")
