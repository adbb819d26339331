"""What fields of the configuration are made of: paths, addresses, patterns, numbers with their limits."""

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from daemon.config import address, paths

DAY = 86400.0


def refused(wrong: str, right: str) -> PydanticCustomError:
    """Make the error of a field's own rule; `words.py` takes both texts out of its context."""
    return PydanticCustomError("refused", "{wrong}", {"wrong": wrong, "right": right})


def absolute(text: str, info: ValidationInfo) -> str:
    """Make a path absolute; the context names the file's directory (`base`) and the home directory (`home`)."""
    context: Mapping[str, str | None] = info.context or {}
    home = context["home"] if "home" in context else paths.home_of(os.environ)
    try:
        return paths.absolute(text, context.get("base") or os.getcwd(), home)
    except ValueError as error:
        raise refused(str(error), 'write it like "~/Atlas/inbox" or "/srv/atlas/inbox"') from None


def _base_url(text: str) -> str:
    try:
        return address.base_url(text)
    except address.BadAddress as error:
        raise refused(error.wrong, error.right) from None


def _pattern(text: str) -> str:
    if not text or "/" in text or not text.isprintable():
        raise refused(
            f'"{text}" is not a pattern for file names' if text.isprintable() else "holds a control character",
            'write patterns of names alone, like "*.jpg"; subfolders are matched too while recursive is true',
        )
    return text


def as_tuple(value: object) -> object:
    """Make a tuple of TOML's list, which the strict models do not take for one."""
    return tuple(value) if isinstance(value, list) else value


Path = Annotated[str, AfterValidator(absolute)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Patterns = Annotated[
    tuple[Annotated[str, AfterValidator(_pattern)], ...], BeforeValidator(as_tuple), Field(min_length=1)
]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Megabytes = Annotated[float, Field(gt=0, le=1_000_000)]
Dollars = Annotated[float, Field(gt=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=DAY)]


class Frozen(BaseModel):
    """Strict: 2 is a number and "2" is text, so that a slip is told instead of guessed at."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        hide_input_in_errors=True,
    )
