"""`/metrics` in Prometheus' text format: everything is read when it is asked for.

The names follow prometheus.io/docs/practices/naming. No label holds a file's name or a job's id: folders, models,
states and codes are few.
"""

import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from daemon import __version__
from daemon.config import Limits
from daemon.money.amounts import DAY, day_of
from daemon.states import IN_FLIGHT, State
from daemon.web.desk import Desk
from daemon.web.tally import BOUNDS, Durations

_Row = tuple[list[str], float]


def text_of(desk: Desk) -> bytes:
    """Give the answer to a scrape."""
    registry = CollectorRegistry()
    registry.register(_Daemon(desk))
    return generate_latest(registry)


class _Daemon(Collector):
    """Reads the daemon. Each scrape has its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def describe(self) -> Iterable[Metric]:
        """Name nothing ahead: the registry would else collect twice."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give all there is."""
        yield from self._jobs()
        yield from self._calls()
        yield from self._money()
        yield from self._health()

    def _jobs(self) -> Iterator[Metric]:
        desk = self._desk
        counts, folders = desk.queries.counts.copy(), desk.settings().folders
        names = sorted({*folders, *(folder for folder, _ in counts)})
        yield _gauge(
            "jobs",
            "Jobs in the table.",
            ["folder", "state"],
            (([name, state], counts[name, state]) for name in names for state in State),
        )
        yield _gauge(
            "in_flight",
            "Predictions that are running at the API.",
            ["folder"],
            (([name], sum(counts[name, state] for state in IN_FLIGHT)) for name in names),
        )
        yield _gauge("in_flight_limit", "Predictions at once, all folders.", [], [([], _limits(desk).in_flight)])
        ended = desk.tally.ended()
        yield _counter(
            "jobs_ended",
            "Times that a job came to this state.",
            ["folder", "state"],
            (([folder, state], count) for (folder, state), count in ended.items()),
        )
        yield _histogram(desk.tally.durations())

    def _calls(self) -> Iterator[Metric]:
        calls: Counter[tuple[str, str]] = Counter()
        for (call, outcome), count in self._desk.calls().items():
            calls[call, outcome] += count
        rows = (([call, outcome], count) for (call, outcome), count in calls.items())
        yield _counter("api_calls", "Calls, by what they say of the service.", ["call", "outcome"], rows)
        polls = sum(count for (call, _), count in calls.items() if call == "poll")
        yield _counter("polls", "Questions for predictions.", [], [([], polls)])

    def _money(self) -> Iterator[Metric]:
        desk, limits = self._desk, _limits(self._desk)
        today = day_of(desk.clock.wall())
        spent = desk.queries.spending(today * DAY, (today + 1) * DAY)
        yield _gauge(
            "spent_today_usd",
            "Spent this UTC day; estimated amounts are what it comes to at least.",
            ["folder", "model", "basis"],
            (
                ([each.folder, each.model, basis], amount)
                for each in spent
                for basis, amount in (("known", each.known), ("estimated", each.estimated))
            ),
        )
        paid = (([each.folder, each.model], each.payments) for each in spent)
        yield _gauge("payments_today", "Requests paid for this UTC day.", ["folder", "model"], paid)
        budgets = {"": limits.daily_budget_usd}
        budgets |= {name: rule.daily_budget_usd for name, rule in desk.settings().folders.items()}
        rows = (([name], usd) for name, usd in budgets.items() if usd is not None)
        yield _gauge("daily_budget_usd", "What may be spent in a UTC day; no folder: in all.", ["folder"], rows)
        balance = desk.tally.balance_usd
        known = [] if balance is None else [_row([], balance)]
        yield _gauge("balance_usd", "The account's balance, as it was told last.", [], known)

    def _health(self) -> Iterator[Metric]:
        desk = self._desk
        yield _gauge(
            "gate_closed_timestamp_seconds",
            "Since when a gate is closed; no folder: for all.",
            ["code", "folder"],
            (([gate.code, gate.scope], gate.since) for gate in desk.gates()),
        )
        yield _gauge(
            "loop_silence_seconds",
            "For how long a loop has not got on with the work that it has.",
            ["loop"],
            (([name], max(0.0, seconds)) for name, seconds in desk.silences().items()),
        )
        moved = desk.tally.moved_at
        yield _gauge(
            "last_transition_timestamp_seconds",
            "When a job went to another state last.",
            [],
            [] if moved is None else [_row([], moved)],
        )
        yield _gauge(
            "build_info",
            "The program.",
            ["version", "python"],
            [([__version__, platform.python_version()], 1.0)],
        )


def _limits(desk: Desk) -> Limits:
    return desk.settings().limits


def _row(labels: list[str], value: float) -> _Row:
    return labels, value


def _gauge(name: str, words: str, labels: list[str], rows: Iterable[_Row]) -> Metric:
    family = GaugeMetricFamily(f"hotfolder_{name}", words, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _counter(name: str, words: str, labels: list[str], rows: Iterable[_Row]) -> Metric:
    family = CounterMetricFamily(f"hotfolder_{name}", words, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _histogram(durations: dict[tuple[str, str], Durations]) -> Metric:
    words = "How long a stage took; whole: from the file to its result."
    family = HistogramMetricFamily("hotfolder_stage_seconds", words, labels=["stage", "model"])
    bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    for (stage, model), each in durations.items():
        buckets = list(zip(bounds, map(float, accumulate(each.buckets)), strict=True))
        family.add_metric([stage, model], buckets, each.total)
    return family
