"""A skip is a failure where CI is set, and only there; what a test measured is told when the run is over."""

import os
import shutil
import subprocess
import sys

import pytest

from tests import conftest

SKIPS = """
import pytest

def test_skipped():
    pytest.skip("no such thing here")

@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    assert False
"""
SKIPS_AS_A_WHOLE = 'import pytest\npytest.importorskip("no_such_module")\n'
MEASURES = """
def test_good(figure):
    print("not this")
    figure("points tried", 412)

def test_bad(figure):
    figure("seed", "4f")
    assert False
"""


def run_pytest(directory: str, *arguments: str, ci: str | None = None) -> subprocess.CompletedProcess[str]:
    shutil.copy(conftest.__file__, directory)
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    if ci is not None:
        environ["CI"] = ci
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, "--rootdir", directory, directory],
        env=environ,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def write_test(directory: os.PathLike[str], body: str) -> None:
    with open(os.path.join(directory, "test_it.py"), "w") as file:
        file.write(body)


@pytest.mark.parametrize(
    ("body", "reason"), [(SKIPS, "no such thing here"), (SKIPS_AS_A_WHOLE, "could not import 'no_such_module'")]
)
@pytest.mark.parametrize(("ci", "fails"), [("true", True), ("1", True), ("false", False), (None, False)])
def test_a_skip_fails_in_ci_only(
    tmp_path: os.PathLike[str], body: str, reason: str, ci: str | None, fails: bool
) -> None:
    write_test(tmp_path, body)
    result = run_pytest(os.fspath(tmp_path), ci=ci)
    assert (result.returncode in {1, 2}) is fails, result.stdout
    assert ("in CI every test has to run" in result.stdout) is fails
    if fails:
        assert reason in result.stdout


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_figures_end_the_report_however_many_processes_test(
    tmp_path: os.PathLike[str], processes: tuple[str, ...]
) -> None:
    write_test(tmp_path, MEASURES)
    result = run_pytest(os.fspath(tmp_path), "--tb=no", *processes)
    _, _, told = result.stdout.partition(" figures ")
    assert "::test_good: points tried: 412\n" in told
    assert "::test_bad: seed: 4f\n" in told
    assert "not this" not in result.stdout
