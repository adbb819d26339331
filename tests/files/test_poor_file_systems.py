"""The same promises where a file system has no hard links, or no rename that never overwrites.

strace(1) has the kernel refuse these calls as such file systems do (FAT, exFAT, some shares); the tests of results
and sources run again under it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = os.path.dirname(__file__)
NO_LINKS = "inject=link,linkat:error=EPERM"
NO_NOREPLACE = "inject=renameat2:error=EINVAL"


def traced(tmp_path: Path, injected: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not here")
    flags = [part for each in injected for part in ("-e", each)]
    log = ["-f", "--seccomp-bpf", "-o", str(tmp_path / "calls"), "-e", "trace=link,linkat,renameat2"]
    pytest_ = [sys.executable, "-m", "pytest", "-q", "--basetemp", str(tmp_path / "base"), *arguments]
    return subprocess.run(
        [strace, *log, *flags, *pytest_],
        cwd=os.path.dirname(os.path.dirname(HERE)),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("injected", [[NO_LINKS], [NO_NOREPLACE], [NO_LINKS, NO_NOREPLACE]])
def test_results_and_sources_find_their_places(tmp_path: Path, injected: list[str]) -> None:
    files = [os.path.join(HERE, name) for name in ("test_outbox.py", "test_putaway.py")]
    result = traced(tmp_path, injected, *files)
    assert result.returncode == 0, result.stdout
    calls = (tmp_path / "calls").read_text(errors="replace")
    assert calls.count("(INJECTED)") > 20
