"""Figures: predictions that take a while. Questions, lateness and the time for all; many in flight at once."""

import heapq
import itertools
import json
import os
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

from tests.bench import files
from tests.bench.figures import Figure, Reach
from tests.bench.processes import child
from tests.bench.stage import Stage, prepared

_LONGEST = 900.0
_MIB = 1 / 2**20
#: Predictions that the model is known by, before those that count.
_LEARNT = 150
#: How many files the script that takes one after the other gets, and how many threads the other peers have.
_ONE_BY_ONE, _THREADS = 5, 100


class Seen(NamedTuple):
    """How predictions were asked for: questions of each, and seconds from ready to the question that saw it."""

    questions: Sequence[float]
    late: Sequence[float]
    durations: Sequence[float]


class Run(NamedTuple):
    """Seconds for all, in units of the ideal time, and for each file; how its predictions were asked for."""

    over_ideal: float
    each: float
    seen: Seen


def measure(directory: str, *, count: int, seconds: float, runs: int, jitter: float = 0.25) -> list[Figure]:
    """Let daemon and peers process `count` pictures whose predictions take `seconds`, 100 of them in flight."""
    ours: list[Run] = []
    theirs: dict[float, list[Run]] = {2.0: [], 3.0: []}
    with prepared(os.path.join(directory, "stage"), predict_seconds=seconds, jitter=jitter) as at:
        at.configure(limits={"in_flight": _THREADS})
        with at.running():
            _daemon(at, 1, min(_LEARNT, count))
            for turn in range(runs):
                first = 10_000 * (turn + 1)
                ours.append(_daemon(at, first, count))
                for number, (pause, taken) in enumerate(theirs.items(), 1):
                    taken.append(_peer(at, first + 1000 * number, count, pause, _THREADS))
        alone = _peer(at, 90_000, min(count, _ONE_BY_ONE), 2.0, 1)
    return _figures(f"{count} files, predictions of {seconds:g} s ± {jitter:.0%}", ours, theirs, alone)


def _figures(name: str, ours: list[Run], theirs: dict[float, list[Run]], alone: Run) -> list[Figure]:
    questions, late, figures = _each(ours, 0), _each(ours, 1), []
    for pause, taken in theirs.items():
        peer = f"a fixed poll of {pause:g} s, {_THREADS} threads"
        mine, other = [run.over_ideal for run in ours], [run.over_ideal for run in taken]
        reach = Reach(most=1.12)
        figures += [
            Figure(f"{name}: time over the ideal", "x", mine, peer, other, reach=reach),
            Figure("… questions per job", "", _means(ours), peer, _means(taken), reach=Reach(most=2.5)),
            Figure("… seen late by", "s", late, peer, _each(taken, 1), reach=Reach(most=0.2)),
        ]
    peer = "file by file, a poll every 2 s"
    figures.append(Figure("… seen late by", "s", late, peer, alone.seen.late))
    figures.append(Figure("… seconds for each file", "s", [run.each for run in ours], peer, [alone.each]))
    return figures if questions else []


def _each(runs: list[Run], field: int) -> list[float]:
    return [value for run in runs for value in run.seen[field]]


def _means(runs: list[Run]) -> list[float]:
    return [statistics.mean(run.seen.questions) for run in runs]


def _daemon(at: Stage, first: int, count: int) -> Run:
    at.ask_sandbox("forget")
    waiting = os.path.join(at.base, f"waiting-{first}")
    names, before = files.pile(waiting, first, count), at.results()
    begun = time.perf_counter()
    for name in names:
        os.rename(os.path.join(waiting, name), os.path.join(at.inbox, name))
    at.until_results(before + count, _LONGEST)
    return _run(at, time.perf_counter() - begun, _THREADS)


def _peer(at: Stage, first: int, count: int, pause: float, threads: int) -> Run:
    at.ask_sandbox("forget")
    sources, targets = (os.path.join(at.base, f"{kind}-{first}") for kind in ("sources", "targets"))
    files.pile(sources, first, count)
    os.makedirs(targets)
    with child("tests.bench.peers", ["polling", at.url, str(threads), str(pause)], at.log) as peer:
        peer.hear()
        peer.say(json.dumps([sources, targets]))
        took = json.loads(peer.hear())
    return _run(at, took["wall"], threads)


def _run(at: Stage, took: float, threads: int) -> Run:
    seen = _seen(at)
    return Run(took / ideal(seen.durations, threads), took / len(seen.durations), seen)


def _seen(at: Stage) -> Seen:
    found = [each for each in at.ask_sandbox("predictions") if each["asked"]]
    # A question that came a moment before it was ready, and was answered a moment after, saw it too.
    seen = [min((asked for asked in each["asked"] if asked >= each["ready"]), default=0.0) for each in found]
    late = [max(0.0, moment - each["ready"]) for moment, each in zip(seen, found, strict=True)]
    return Seen([len(each["asked"]) for each in found], late, [each["ready"] - each["made"] for each in found])


def ideal(durations: Sequence[float], places: int) -> float:
    """Give the seconds until all are over if each began the moment one of so many places was free."""
    free = [0.0] * places
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


class Flight(NamedTuple):
    """Share of a core, requests a second, highest memory, most in flight at once, and how they were asked for."""

    core: float
    requests: float
    peak: float
    most: int
    seen: Seen


def many(directory: str, *, count: int, seconds: float, runs: int, jitter: float = 1 / 3) -> list[Figure]:
    """Have `count` predictions in flight, and measure from the last submit on until the last result.

    Requests count from the first submit on. Prompts instead of pictures: uploads are another figure. The model is
    known by predictions of the same kind.
    """
    with prepared(os.path.join(directory, "many"), predict_seconds=seconds, jitter=jitter) as at:
        at.configure(prompts=True, limits={"in_flight": count})
        with at.running():
            _prompts(at, "known", min(count, _LEARNT))
            at.until_results(min(count, _LEARNT), _LONGEST)
            found = [_flight(at, f"many-{turn}", count) for turn in range(runs)]
    name = f"{count:,} predictions of {seconds:g} s ± {jitter:.0%} in flight"
    return [
        Figure(f"{name}: share of a core", "%", [run.core for run in found], scale=100, reach=Reach(most=0.4)),
        Figure("… most of them at once", "", [run.most for run in found]),
        Figure("… requests a second", "/s", [run.requests for run in found], reach=Reach(most=300)),
        Figure("… peak RSS", "MiB", [run.peak for run in found], scale=_MIB, reach=Reach(most=180 * 2**20)),
        Figure("… seen late by", "s", [late for run in found for late in run.seen.late], reach=Reach(most=4.0)),
        Figure("… questions per job", "", [statistics.mean(run.seen.questions) for run in found]),
    ]


def _flight(at: Stage, name: str, count: int) -> Flight:
    at.ask_sandbox("forget")
    since, before = time.time(), at.results()
    _prompts(at, name, count)
    while at.ask_sandbox("submits") < count:
        time.sleep(0.5)
    at.daemon.reset_peak()
    begun, cpu = time.perf_counter(), at.daemon.cpu()
    at.until_results(before + count, _LONGEST)
    took, spent, peak = time.perf_counter() - begun, at.daemon.cpu() - cpu, at.daemon.peak()
    asked = at.ask_sandbox("requests").values()
    return Flight(spent / took, sum(asked) / (time.time() - since), peak, _at_once(at), _seen(at))


def _at_once(at: Stage) -> int:
    """Give how many predictions were in flight at one time, at most."""
    made = at.ask_sandbox("predictions")
    changes = sorted([(each["made"], 1) for each in made] + [(each["ready"], -1) for each in made])
    return max(itertools.accumulate(change for _, change in changes))


def _prompts(at: Stage, name: str, count: int) -> None:
    for number in range(count):
        files.write(os.path.join(at.inbox, f"{name}-{number}.txt"), f"{name} {number}".encode())
