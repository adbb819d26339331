"""A rule whose `input` was left out gets the one that its model's schema tells, with all that follows from it."""

from typing import Literal

from pydantic import ValidationError

from daemon.config.rule import FolderRule
from daemon.config.words import Location, refusal, translate


def leaves_input_out(rule: FolderRule) -> bool:
    """Tell whether the configuration does not say which request field takes the file."""
    return "input" not in rule.model_fields_set


def with_input(rule: FolderRule, field: str | Literal[False]) -> FolderRule:
    """Give the rule as if `input = field` stood in the file; `match` follows it where that is left out too.

    Raises ConfigError where the rest of the rule does not go with it.
    """
    said = {name: getattr(rule, name) for name in rule.model_fields_set}
    try:
        return FolderRule.model_validate({**said, "input": field})
    except ValidationError as error:
        own: Location = ("folders", rule.name)
        raise refusal(translate(error, own)) from None
