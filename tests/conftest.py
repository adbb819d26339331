"""For all tests: where CI is set, a skipped test is a failed one, so that nothing goes untested unnoticed."""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


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
