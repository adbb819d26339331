"""What commands tell about money: what was spent beside what was charged, and what a run would spend."""

import contextlib
from collections.abc import Mapping
from typing import Any

from daemon.atlas.client import Client
from daemon.catalogue import known_catalogue
from daemon.check.rules import judge
from daemon.clock import Clock
from daemon.config import Settings
from daemon.config.address import is_loopback
from daemon.config.key import MISSING, read_key
from daemon.config.load import SANDBOX_KEY
from daemon.money.amounts import day_of
from daemon.reports import costs as spending
from daemon.reports import dryrun
from daemon.reports.dryrun import Plan
from daemon.service.reach import Reach


def costs(reach: Reach, environ: Mapping[str, str], *, days: int, offline: bool) -> dict[str, Any]:
    """Give what `hotfolder costs --json` prints, of the last `days` days (UTC).

    Without a key, which `environ` may hold, or if `offline`, the API is not asked. Raises HotfolderError.
    """
    settings, clock = reach.settings, Clock()
    key, trouble = (None, None) if offline else _key(settings, environ)
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(contextlib.closing(Client(settings.api.base_url, lambda: key or "", clock)))
        queries = stack.enter_context(reach.queries()) if reach.has_table() else None
        asked = client.charges if key else None
        found = spending.collect(queries, asked, today=day_of(clock.wall()), days=days)
    return {**found, "api_trouble": found["api_trouble"] or trouble}


def plans(reach: Reach) -> tuple[list[Plan], dict[str, Any]]:
    """Give what `run` would do with each file in the inboxes, and the sums; sends and writes nothing.

    Raises HotfolderError.
    """
    clock = Clock()
    catalogue = known_catalogue(reach.settings, clock)
    verdict = judge(reach.settings, catalogue)
    with contextlib.ExitStack() as stack:
        queries = stack.enter_context(reach.queries()) if reach.has_table() else None
        files = list(dryrun.plans(verdict.settings, queries, catalogue.price, wall=clock.wall()))
        spent = {} if queries is None else queries.spent_today()
    sums = dryrun.summary(verdict.settings, files, spent)
    return files, {**sums, "notes": [*map(str, verdict.faults), *sums["notes"]]}


def _key(settings: Settings, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Give the API key, or why there is none."""
    key, faults = read_key(settings.api.api_key_file, environ)
    if faults:
        return None, str(faults[0])
    if key is None and is_loopback(settings.api.base_url):
        return SANDBOX_KEY, None
    return (key, None) if key is not None else (None, str(MISSING))
