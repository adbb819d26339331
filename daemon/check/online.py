"""What `check` asks the API: the key, the balance, and each rule against its model's schema. Nothing is paid."""

from collections.abc import Iterator

from daemon.atlas.client import Client
from daemon.catalogue import Catalogue
from daemon.check.finding import Finding, fault, ok, warning
from daemon.check.rules import Judged, judge
from daemon.config import FolderRule, Settings, leaves_input_out
from daemon.config.words import dotted
from daemon.errors import Blocked, Rejected, StageError, Unreachable
from daemon.money.amounts import at_least, estimate


def online_findings(settings: Settings, client: Client, catalogue: Catalogue) -> Iterator[Finding]:
    """Ask for the balance, which needs the key, then for the catalogue and the schemas of the rules' models.

    What can't be had of catalogue and schemas is a warning: the rules may be right all the same. An API that
    does not answer at all is a fault, since its address may be wrong.
    """
    try:
        yield _balance(client)
    except Unreachable as error:
        yield fault("api.base_url", f"{error} `check --offline` leaves out what needs the API.")
        return
    except StageError as error:
        yield _trouble(error)
    catalogue.load()
    if not catalogue.refresh(client, [rule.model for rule in settings.folders.values()]):
        yield warning("api", f"The models could not be checked. {catalogue.trouble}")
        if catalogue.fetched_at is None:
            return
    for judged in judge(settings, catalogue).rules:
        yield from _of_rule(judged, settings, catalogue)


def _balance(client: Client) -> Finding:
    found = client.balance()
    text = f"the key is accepted; the balance is {found.available:.2f} {found.currency.upper()}"
    if found.available > 0:
        return ok("api", text)
    return warning("api", f"{text}: jobs wait until there is more")


def _trouble(error: StageError) -> Finding:
    """Judge why the balance could not be had."""
    if isinstance(error, Blocked) and error.code == "balance":
        return warning("api", str(error))
    if isinstance(error, Rejected):
        # a key may be good for generating and not for reading the account
        return warning("api", f"The balance could not be read. {error}")
    return fault("api", str(error))


def _of_rule(judged: Judged, settings: Settings, catalogue: Catalogue) -> Iterator[Finding]:
    rule = judged.rule
    yield from (fault(each.key, _words(each.wrong, each.right)) for each in judged.faults)
    yield from (warning(each.key, _words(each.wrong, each.right)) for each in judged.doubts)
    if leaves_input_out(settings.folders[rule.name]) and not leaves_input_out(rule):
        found = "false (each file is a prompt)" if rule.input is False else rule.input
        yield ok(dotted(("folders", rule.name, "input")), f"{found}, from the model's schema")
    model = dotted(("folders", rule.name, "model"))
    if not judged.faults and all(each.key != model for each in judged.doubts):
        yield ok(model, f'"{rule.model}" is in the catalogue and takes what the rule sends')
    if not judged.faults and catalogue.price(rule.model) is None and _has_limits(rule, settings):
        yield warning(model, "its price is not known, so no budget and no limit in USD counts what it costs")
    yield from _too_dear(rule, settings, estimate(catalogue.price(rule.model), rule.params))


def _too_dear(rule: FolderRule, settings: Settings, usd: float | None) -> Iterator[Finding]:
    """Warn of budgets in which not even one job of a rule fits."""
    budgets = {("limits",): settings.limits.daily_budget_usd, ("folders", rule.name): rule.daily_budget_usd}
    for place, budget in budgets.items():
        if usd is not None and budget is not None and usd > budget:
            text = f"a file of {rule.name} costs {at_least(usd)}, more than that: none would ever be sent"
            yield warning(dotted((*place, "daily_budget_usd")), text)


def _has_limits(rule: FolderRule, settings: Settings) -> bool:
    """Tell whether something is to stop at an amount of USD."""
    limits = (each for of in (rule, settings.limits) for each in (of.daily_budget_usd, of.confirm_above_usd))
    return any(each is not None for each in limits)


def _words(wrong: str, right: str) -> str:
    return f"{wrong}; {right}" if right else wrong
