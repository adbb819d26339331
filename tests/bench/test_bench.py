"""The bench itself works: every figure is measured at a tiny size and printed. What they say is not judged."""

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import Figure, quantile

TINY = ["--samples=2", "--files=3", "--runs=1", "--threads=2", "--seconds=0.2", "--megabytes=1"]


def test_every_figure_is_measured_and_printed(tmp_path: Path) -> None:
    values = tmp_path / "values.json"
    command = [sys.executable, "-m", "tests.bench", *TINY, "--directory", str(tmp_path), "--json", str(values)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    assert ended.returncode == 0, ended.stderr
    assert "Python 3." in ended.stdout
    found = json.loads(values.read_text())
    assert len(found["figures"]) == 15
    for figure in found["figures"]:
        assert figure["name"][:8] in ended.stdout
        assert figure["ours"]
        assert bool(figure["peer"]) == bool(figure["theirs"])
    assert [each.name for each in tmp_path.iterdir()] == ["values.json"]


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
