"""What the running daemon consists of, built from Settings; `service.py` gives it life."""

import contextlib
import logging
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.atlas.client import Client
from daemon.atlas.pacing import Pacing
from daemon.clock import Clock
from daemon.config import Settings
from daemon.events import Events
from daemon.gates.brake import Brake
from daemon.gates.folders import Folders
from daemon.gates.gate import Gates
from daemon.gates.probes import Probes
from daemon.gates.stops import PAUSE, paused
from daemon.inbox.intake import Inbox
from daemon.inbox.mounts import mount_point
from daemon.money.amounts import day_of
from daemon.money.budget import Budget, Prices
from daemon.people.actions import Actions
from daemon.service.scheduler import Scheduler
from daemon.service.upkeep import Upkeep
from daemon.states import NewJob
from daemon.table.store import Store
from daemon.work.claims import Claims
from daemon.work.steps import Steps
from daemon.work.worker import Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts, each built and none started."""

    store: Store
    folders: Folders
    upkeep: Upkeep
    gates: Gates
    budget: Budget
    brake: Brake
    client: Client
    pacing: Pacing
    claims: Claims
    scheduler: Scheduler
    steps: Steps
    inbox: Inbox
    worker: Worker
    probes: Probes
    actions: Actions


def build(
    store: Store,
    clock: Clock,
    events: Events,
    current: Callable[[], Settings],
    stack: contextlib.ExitStack,
    due: Callable[[], float | None],
    prices: Prices,
) -> Parts:
    """Build all parts around a job table that is open.

    `current` gives the configuration in force, `due` is what the scheduler calls, `prices` what models cost;
    `stack` closes what has to be.
    """
    settings, instance, chance = current(), uuid.uuid4().hex, random.random
    folders, gates, pacing = Folders(mount_point), _gates(store, clock, events), Pacing(64, chance)
    client = Client(settings.api.base_url, lambda: _key(current()), clock)
    stack.callback(client.close)
    scheduler = Scheduler(clock, due)
    later = scheduler.later
    claims = Claims(store, gates, pacing, clock, settings, by=instance, later=later)
    claims.take_over()
    store.ledger.spent(day_of(clock.wall()))  # now, before anything moves
    budget = Budget(store.ledger, prices, clock, current)
    brake = Brake(store, gates, budget, clock, current)
    steps = Steps(store, client, gates, pacing, clock, settings, folders, budget, chance=chance, later=later)
    inbox = Inbox(known=store.known, add=lambda new: _add(brake, worker, new), clock=clock.now, on_note=_note)
    worker = Worker(
        store, claims, steps, clock, settings, by=instance, chance=chance, later=later, changed=inbox.rescan
    )
    probes = Probes(
        gates,
        store,
        client,
        clock,
        current,
        folders,
        budget,
        wake=worker.wake,
        later=later,
        stopping=steps.stopping,
    )
    return Parts(
        store=store,
        folders=folders,
        upkeep=Upkeep(store, folders, clock),
        gates=gates,
        budget=budget,
        brake=brake,
        client=client,
        pacing=pacing,
        claims=claims,
        scheduler=scheduler,
        steps=steps,
        inbox=inbox,
        worker=worker,
        probes=probes,
        actions=Actions(store, current, clock, gates=gates, wake=worker.wake),
    )


def _gates(store: Store, clock: Clock, events: Events) -> Gates:
    """Give the gates, closed where a person paused."""
    gates = Gates(events)
    for key in store.notes(PAUSE):
        folder = key.removeprefix(PAUSE)
        gates.close("pause", paused(folder), now=clock.now(), scope=folder)
    return gates


def _key(settings: Settings) -> str:
    key = settings.api.key
    return "" if key is None else key.get_secret_value()


def _add(brake: Brake, worker: Worker, new: Sequence[NewJob]) -> int:
    added = brake.admit(new)
    worker.wake_for(added)
    return len(added)


def _note(folder: str, message: str) -> None:
    log.warning("%s%s", f"{folder}: " if folder else "", message)
