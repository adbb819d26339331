"""Each rule held against its model, by the catalogue and the model's schema; `input` found where left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from daemon.atlas.catalogue import Model
from daemon.atlas.fits import Misfit, model_misfit, schema_misfits
from daemon.atlas.inputs import input_for
from daemon.catalogue import Catalogue
from daemon.config import FolderRule, Settings, leaves_input_out, with_input
from daemon.config.words import dotted, one_line
from daemon.errors import ConfigError, Fault


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule, with the `input` that it has or that was found for it.

    `faults` are certain; `doubts` are what a person should know. A fault that only an old catalogue shows is a
    doubt: it may be over.
    """

    rule: FolderRule
    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of holding all rules against the catalogue; `settings` are those to work with."""

    settings: Settings
    rules: tuple[Judged, ...]

    @property
    def faults(self) -> list[Fault]:
        """All that is certainly wrong."""
        return [fault for judged in self.rules for fault in judged.faults]

    @property
    def doubts(self) -> list[Fault]:
        """All that a person should know."""
        return [doubt for judged in self.rules for doubt in judged.doubts]


def judge(settings: Settings, catalogue: Catalogue) -> Verdict:
    """Hold every rule against what is known of its model. Asks nobody and raises nothing."""
    judged = tuple(judge_rule(rule, catalogue) for rule in settings.folders.values())
    folders = {each.rule.name: each.rule for each in judged}
    return Verdict(settings.model_copy(update={"folders": folders}), judged)


def judge_rule(rule: FolderRule, catalogue: Catalogue) -> Judged:
    """Hold a rule against what is known of its model; see Judged."""
    if catalogue.fetched_at is None:
        return Judged(rule, (), _unchecked(rule, catalogue.trouble or "Nothing is known of the API's models yet."))
    found, faults = _found(rule, catalogue)
    model = catalogue.model(found.model)
    misfit = model_misfit(found.model, found.kind, model, catalogue.models())
    if misfit is not None:
        faults = [_fault(found, misfit)]
    elif catalogue.schema(found.model) is None:
        why = "The catalogue names no schema for it."
        if model is not None and model.schema_url is not None:
            why = catalogue.trouble or "Its schema is not known yet."
        return Judged(found, (), _unchecked(found, why))
    elif not faults:
        faults = [_fault(found, each) for each in _misfits(found, catalogue)]
    doubts = [*_retired(found, model), *_lacks_prompt(found, catalogue)]
    if catalogue.is_fresh(found.model):
        return Judged(found, tuple(faults), tuple(doubts))
    return Judged(found, (), tuple(faults + doubts))


def _found(rule: FolderRule, catalogue: Catalogue) -> tuple[FolderRule, list[Fault]]:
    """Give the rule with the `input` of its model's schema where it has none, or why it does not go with it."""
    schema = catalogue.schema(rule.model)
    if schema is None or not leaves_input_out(rule):
        return rule, []
    field = input_for(schema, model=rule.model, taken=rule.params)
    if field is False and rule.prompt:
        wrong = f'is given, but "{rule.model}" works from texts: the files of this folder are the prompts'
        return rule, [Fault(_key(rule, "prompt"), wrong, "take it out, or choose a model that takes files")]
    try:
        return with_input(rule, field), []
    except ConfigError as error:
        return rule, list(error.faults)


def _misfits(rule: FolderRule, catalogue: Catalogue) -> list[Misfit]:
    schema = catalogue.schema(rule.model)
    if schema is None:
        return []
    return schema_misfits(schema, model=rule.model, input_field=rule.input, params=rule.params, prompt=rule.prompt)


def _retired(rule: FolderRule, model: Model | None) -> Iterator[Fault]:
    """Doubt a model that the catalogue has and does not list: it may work for long, or end any day."""
    if model is not None and not model.listed:
        yield one_line(Fault(_key(rule, "model"), f'"{rule.model}" is not offered any more', "look for another"))


def _lacks_prompt(rule: FolderRule, catalogue: Catalogue) -> Iterator[Fault]:
    schema = catalogue.schema(rule.model)
    if schema is not None and "prompt" in schema.required and rule.takes_media and not rule.prompt:
        wrong = "is empty, and the model needs one: files without a sidecar that holds a prompt will fail"
        yield Fault(_key(rule, "prompt"), wrong, "write one")


def _unchecked(rule: FolderRule, why: str) -> tuple[Fault, ...]:
    return (one_line(Fault(_key(rule, "model"), f"could not be checked against its model. {why}", "")),)


def _fault(rule: FolderRule, misfit: Misfit) -> Fault:
    return one_line(Fault(_key(rule, *misfit.place), misfit.wrong, misfit.right))


def _key(rule: FolderRule, *place: str) -> str:
    return dotted(("folders", rule.name, *place))
