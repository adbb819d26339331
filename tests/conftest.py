"""For all tests: where CI is set, a skip is a failure; figures that tests measured end the report of the run."""

import os
import signal
from collections.abc import Callable, Generator
from typing import TypeVar

import hypothesis
import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell runs in the background ignores interrupts, and so would what the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = os.path.dirname(os.path.abspath(__file__))
#: What takes longest begins first, or the last of it would be waited for alone.
LONGEST = ("systemd/", "daemon/test_process.py", "kills/", "bench/", "daemon/", "cli/")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
Figure = Callable[[str, object], None]

# A busy machine may take long for any example, or to draw one; a failure says how it can be repeated, in CI too.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the files that take longest to the front."""

    def place(item: pytest.Item) -> int:
        path = os.path.relpath(item.path, TESTS)
        return next((place for place, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=place)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Give a function that prints a figure with the run's report: `figure("kill points tried", 412)`.

    It goes with the test's report, because what a test prints itself is swallowed when it passes.
    """
    return lambda name, value: record_property("figure", f"{name}: {value}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all tests, whether they passed or failed."""
    reports = [each for group in terminalreporter.stats.values() for each in group]
    figures = [
        f"{report.nodeid}: {value}"
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for line in sorted(figures):
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test that skipped itself into a failure."""
    return no_skip((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skipped itself as a whole into a failure."""
    return no_skip((yield))


def no_skip(report: Report) -> Report:
    """Give the report back, failed with the skip's reason if it was a skip and CI is set.

    A test that is expected to fail (xfail) is reported as skipped too; it is left alone.
    """
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI", "") not in {"", "0", "false"}:
        _, _, reason = report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason} (in CI every test has to run)"
    return report
