"""What `hotfolder init` does with a person's answers: makes all of it, checks it, and says what comes next."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace

from daemon import config
from daemon.check import Level, findings_of_file, worst
from daemon.cli.answers import Answers, Plan
from daemon.cli.check import show_findings
from daemon.cli.failures import FAILED, FINE
from daemon.cli.output import program, remark, say
from daemon.config.address import is_loopback
from daemon.config.key import VARIABLE, read_key
from daemon.errors import ConfigError, HotfolderError, Refused
from daemon.names import shown
from daemon.setup import starter, userunit, wizard
from daemon.setup.offers import Offers
from daemon.setup.starter import Secret
from daemon.setup.wizard import Wish


def wish_of(given: Answers, plan: Plan, offers: Offers) -> Wish:
    """Give what is to be written. Raises Refused, also for a model that the catalogue does not have."""
    usual = wizard.usual_task(given.task, given.kind, given.model)
    model = given.model or (usual.model if usual else "")
    offer = offers.of(model)
    if offer is None and given.model and offers.had():
        near = ", ".join(offers.nearest(model.rpartition("/")[2], 3))
        raise Refused(
            f"the catalogue has no model {shown(model)}{f'; it has {near}' if near else ''}\n"
            "`hotfolder models` lists them all; --model takes an id"
        )
    wanted = wizard.wish(
        beside=plan.beside,
        task=given.task,
        kind=given.kind,
        model=given.model,
        offer=offer,
        name=given.folder,
        inbox=given.inbox,
        outbox=given.outbox,
        prompt=given.prompt,
    )
    return replace(
        wanted,
        base_url=plan.base_url if plan.sandbox else None,
        key_file=given.key_file or (starter.KEY_NAME if given.key and not given.credential else None),
        budget=wizard.BUDGET_USD if given.budget is None else given.budget,
        pile=wizard.PILE if given.pile is None else given.pile,
    )


def make(given: Answers, plan: Plan, wanted: Wish) -> config.Settings:
    """Write it all; see `starter.create` for what it raises."""
    secret = None
    if given.credential:
        secret = Secret(starter.CREDENTIAL_NAME, userunit.encrypted(_key(given)))
        wanted = replace(wanted, key_file=None)
    elif given.key:
        secret = Secret(starter.KEY_NAME, f"{given.key}\n".encode())
    return starter.create(plan.place, wanted, os.environ, secret=secret)


def _key(given: Answers) -> str:
    """Give the key that is to be encrypted: the one that was typed, else from the file, else the environment's."""
    if given.key:
        return given.key
    environ: Mapping[str, str] = {} if given.key_file else os.environ
    key, faults = read_key(given.key_file, environ)
    if faults:
        raise ConfigError(faults)
    if key is None:
        raise Refused("--credential needs the key: name a file that holds it with --key-file")
    return key


def finish(given: Answers, plan: Plan, settings: config.Settings, *, reached: bool) -> int:
    """Check what was made, set up the service if that is wished, say what comes next; give the exit code.

    `reached`: whether the API could be asked a moment ago; else what needs it is left out of the check.
    """
    say("", f"Written: {shown(plan.path)}")
    environ = {**os.environ, **({VARIABLE: given.key} if given.key else {})}
    keyed = bool(given.key or given.key_file or environ.get(VARIABLE)) or is_loopback(plan.base_url)
    found = findings_of_file(plan.path, environ, offline=not (keyed and reached))
    show_findings(found)
    fine = worst(found) is not Level.FAULT
    if given.service:
        fine = _serve(given, plan, settings, start=fine and keyed) and fine
    _tell_next_steps(given, plan, settings, keyed=keyed)
    return FINE if fine else FAILED


def _serve(given: Answers, plan: Plan, settings: config.Settings, *, start: bool) -> bool:
    """Install this person's service and start it if all is well; tell whether that went well."""
    place = userunit.Place(
        program=_program(),
        config=plan.path,
        writable=userunit.writable(settings, plan.place, os.environ),
        credential=os.path.join(plan.place, starter.CREDENTIAL_NAME) if given.credential else None,
    )
    try:
        path = userunit.install(userunit.fitted(userunit.shipped(), place), os.environ)
        say(f"Service: {shown(path)}")
        if start:
            userunit.start()
            say("  It runs, from each login on. `loginctl enable-linger`: also while you are logged out.")
        else:
            say("  Not started yet: mend the above, then `systemctl --user enable --now hotfolder`.")
    except (HotfolderError, OSError) as error:
        remark(f"The service could not be set up: {error}")
        return False
    return True


def _program() -> str:
    """Give the absolute path of `hotfolder` as this installation has it."""
    beside = os.path.join(os.path.dirname(sys.executable), "hotfolder")
    return beside if os.path.exists(beside) else shutil.which("hotfolder") or beside


def _tell_next_steps(given: Answers, plan: Plan, settings: config.Settings, *, keyed: bool) -> None:
    option = f" --config {shlex.quote(shown(os.path.relpath(plan.path)))}" if plan.beside else ""
    (rule,) = settings.folders.values()
    say("", f"Drop files into {shown(rule.inbox)};", f"results appear in {shown(rule.outbox)}.", "What is next:")
    steps = []
    if plan.sandbox:
        steps.append((f"{program()} sandbox", "the stand-in for the API, in another terminal"))
    elif not keyed:
        steps.append((f"export {VARIABLE}=…", "your key"))
    steps.append((f"{program()} run --dry-run{option}", "what would be sent, and its cost; sends nothing"))
    if not given.service:
        steps.append((f"{program()} run{option}", "the daemon, until Ctrl-C"))
    steps.append((f"{program()} page{option}", "while it runs: every file with its result, and what waits"))
    width = max(len(command) for command, _ in steps)
    say(*(f"  {command:{width}}  {remark}" for command, remark in steps))
