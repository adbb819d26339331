"""The bench itself works: figures are measured at a tiny size and written. What they say is not judged."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.bench import areas, charts, report
from tests.bench.figures import Figure, Reach, quantile
from tests.bench.flight import ideal

LATENCY = Figure("latency", "ms", [0.010, 0.012, 0.020], "bare <calls>", [0.010], 1e3, Reach(most=0.015))
GROWN = [Figure(f"time of a job, {10**n:,} finished before it", "ms", [0.004 + n * 1e-4]) for n in range(2, 6)]


def bench(tmp_path: Path, *arguments: str, timeout: float) -> dict[str, object]:
    (tmp_path / "README.md").write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    command = [sys.executable, "-m", "tests.bench", *arguments, "--scale=0.001", "--runs=1", "--write"]
    command += ["--directory", str(tmp_path), "--into", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    assert ended.returncode == 0, ended.stderr
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith("before\n")
    assert readme.endswith("after\n")
    assert "\nold\n" not in readme
    assert "Python 3." in readme
    assert not list(tmp_path.glob("hotfolder-bench-*"))
    values: dict[str, object] = json.loads((tmp_path / "docs" / "benchmark.json").read_text())
    return values


def test_figures_are_measured_and_written(tmp_path: Path) -> None:
    found = bench(tmp_path, "waiting", timeout=170)
    assert "first result" in json.dumps(found)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_figure_is_measured_and_written(tmp_path: Path) -> None:
    found = bench(tmp_path, timeout=590)
    figures = found["figures"]
    assert isinstance(figures, list)
    assert len(figures) >= 40
    for name in ("benchmark.svg", "growth.svg"):
        ET.fromstring((tmp_path / "docs" / name).read_text())  # noqa: S314 - our own


@pytest.mark.slow
def test_the_calls_for_a_job_are_counted() -> None:
    command = [sys.executable, "-m", "tests.bench.calls", "--files", "5"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    first, *others = ended.stdout.splitlines()
    assert first.endswith("calls for each job")
    assert int(first.split()[0]) > 1000
    assert any(line.endswith("daemon/work/worker.py") for line in others)


@pytest.mark.slow
def test_the_areas_of_a_pile_are_found_now_and_at_a_revision() -> None:
    command = [sys.executable, "-m", "tests.bench.areas", "--files", "20", "--runs", "1", "HEAD"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    rows = [line.strip("| ").split(" | ") for line in ended.stdout.splitlines()]
    assert rows[0][-2:] == ["HEAD", "this tree"]
    found = {row[0]: row[1:] for row in rows}
    assert all(float(value) > 0 for value in found["files/s"])
    assert all(value != "0%" for value in found["share of the interpreter's lock: HTTP"])


def test_a_stack_belongs_to_what_is_nearest_to_its_end() -> None:
    stacks = [
        "upload-0;run (threading.py:982);_stage (daemon/work/worker.py:1);urlopen (urllib3/connectionpool.py:2) 3",
        "upload-0;_stage (daemon/work/worker.py:1);execute (sqlalchemy/engine/base.py:2);len (x.py:3) 4",
        "upload-0;_stage (daemon/work/worker.py:7) 5",
        "MainThread;wait (threading.py:1) 6",
    ]
    assert areas.shares(stacks) == {"HTTP": 3, "job table": 4, "stages and worker": 5, "other": 6}


def test_an_unknown_figure_is_refused() -> None:
    command = [sys.executable, "-m", "tests.bench", "speed"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "speed" in ended.stderr
    assert "latency" in ended.stderr


def test_quantiles_are_values_that_were_measured() -> None:
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert [quantile(values, share) for share in (0.0, 0.05, 0.5, 0.6, 0.95, 1.0)] == [1, 1, 3, 3, 5, 5]
    assert quantile([7.0], 0.95) == 7


def test_a_ratio_is_of_medians() -> None:
    assert Figure("rate", "/s", [1, 2, 9], "peer", [4]).ratio == 0.5
    assert Figure("rate", "/s", [1]).ratio is None
    assert Figure("rate", "/s", [1], "peer", [0]).ratio is None


def test_what_is_to_be_reached_is_held_against_the_median_or_the_ratio() -> None:
    assert LATENCY.met is True
    assert Figure("x", "s", [2.0], reach=Reach(most=1.0)).met is False
    assert Figure("x", "s", [2.0]).met is None
    assert Figure("x", "/s", [9.0], "peer", [10.0], reach=Reach(least=0.85, ratio=True)).met is True
    assert Figure("x", "/s", [8.0], "peer", [10.0], reach=Reach(least=0.85, ratio=True)).met is False
    assert Figure("x", "/s", [8.0], reach=Reach(least=0.85, ratio=True)).met is False


def test_the_table_says_what_was_to_be_reached_and_whether_it_was() -> None:
    row = report.markdown([LATENCY], "a machine").splitlines()[2]
    assert row == "| latency | ≤ 15 ms ✓ | 12 (10 to 20) ms | 10: bare <calls> | 1.20 |"


def test_charts_are_whole_and_name_what_they_show() -> None:
    drawn = charts.bars([LATENCY, *GROWN])
    ET.fromstring(drawn)  # noqa: S314 - our own
    assert "bare &lt;calls&gt;" in drawn
    assert "prefers-color-scheme: dark" in drawn
    grown = charts.growth([(100, 4.0), (100_000, 4.5)])
    ET.fromstring(grown)  # noqa: S314 - our own
    assert "100,000" in grown


def test_the_ideal_time_fills_every_place_at_once() -> None:
    assert ideal([4.0] * 100, 100) == 4.0
    assert ideal([4.0] * 101, 100) == 8.0
    assert ideal([3.0, 1.0, 1.0], 2) == 3.0
