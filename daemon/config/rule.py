"""FolderRule: what becomes of the files in one inbox, each field's own rule beside it."""

import datetime as dt
import json
import math
import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from daemon.config import prompt
from daemon.config.fields import DAY, Count, Dollars, Frozen, Megabytes, Path, Patterns, Seconds, refused

DEFAULT_INPUT = "image_url"

IMAGES = ("*.jpg", "*.jpeg", "*.png", "*.webp")
VIDEOS = ("*.mp4", "*.m4v", "*.mov", "*.webm")
SOUNDS = ("*.mp3", "*.wav", "*.m4a", "*.flac", "*.ogg")
TEXTS = ("*.txt",)

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[\])?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")


def default_match(field: str | Literal[False]) -> tuple[str, ...]:
    """Give the patterns for files that a request field takes, judged by its name as the models' schemas use it."""
    if field is False:
        return TEXTS
    if "video" in field:
        return VIDEOS
    return SOUNDS if "audio" in field else IMAGES


class FolderRule(Frozen):
    """What becomes of the files in one inbox. Paths are absolute; times are seconds unless the name says else."""

    name: str
    inbox: Path
    outbox: Path
    kind: Literal["image", "video", "audio"]  # which generate call
    model: str
    # before `prompt`, `params` and `match`, whose rules look at it
    input: str | Literal[False] = DEFAULT_INPUT
    prompt: str = ""
    params: dict[str, Any] = Field(default_factory=dict)
    match: Patterns = Field(default_factory=lambda data: default_match(data.get("input", DEFAULT_INPUT)))
    recursive: bool = True
    after: Literal["archive", "delete", "keep"] = "archive"
    settle: Seconds = 2.0
    patience: Seconds = 300.0  # how long a file that ends early may still grow
    watch: Literal["auto", "events", "polling"] = "auto"
    on_unknown_submit: Literal["hold", "resubmit"] = "hold"
    max_size_mb: Megabytes | None = None
    duplicates: Literal["reuse", "process"] = "reuse"
    in_flight: Count | None = None
    daily_budget_usd: Dollars | None = None  # of this folder, per UTC day
    confirm_above: Count | None = None  # files within a minute that a person is to approve; None: as in [limits]
    confirm_above_usd: Dollars | None = None  # the same by what they cost at least
    provenance: bool = True
    sidecar_wait: Annotated[float, Field(ge=0, le=DAY)] = 0.0
    deadline_minutes: Annotated[float, Field(gt=0, le=43200)] = 60.0  # at most 30 days

    @cached_property
    def frozen(self) -> dict[str, Any]:
        """The rule as it is kept with what was submitted by it, in the form that JSON gives back."""
        frozen: dict[str, Any] = json.loads(json.dumps(self.model_dump()))
        return frozen

    @property
    def takes_media(self) -> bool:
        """Tell whether files are uploaded; else they are texts, each the prompt of its job."""
        return self.input is not False

    @property
    def input_field(self) -> str | None:
        """Give the request field for the uploaded file's URL, without `[]`; None for a rule without media."""
        return None if self.input is False else self.input.removesuffix("[]")

    @property
    def input_is_list(self) -> bool:
        """Tell whether the request field takes a list of URLs."""
        return self.input is not False and self.input.endswith("[]")

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise refused(
                "is not a name for a folder's rule",
                "begin with a letter or digit; then letters, digits, space, '.', '_' and '-', at most 100 in all",
            )
        return name

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: str) -> str:
        if not model or not model.isprintable() or " " in model:
            raise refused(
                "is empty" if not model else "holds spaces or control characters",
                'copy the model\'s id as the catalogue shows it, like "google/nano-banana-2/edit"',
            )
        return model

    @field_validator("input", mode="before")
    @classmethod
    def _check_input(cls, field: object) -> object:
        right = 'name the request field, like "image_url" or "images[]"; false for a folder that takes no media'
        if field is not False and not isinstance(field, str):
            raise refused("is neither text nor false", right)
        if isinstance(field, str) and not _FIELD.fullmatch(field):
            raise refused(f'"{field}" is not the name of a request field', right)
        if field in {"model", "prompt", "model[]", "prompt[]"}:
            raise refused(f'"{field}" has another use in every request', right)
        return field

    @field_validator("prompt")
    @classmethod
    def _check_prompt(cls, text: str, info: ValidationInfo) -> str:
        if text and info.data.get("input") is False:
            # it would be ignored, and whoever wrote it would pay for results without it
            raise refused("is given, but the files of this folder are the prompts (input = false)", "take it out")
        if strangers := prompt.strange(text):
            raise refused(
                f"holds {_listed(strangers)}, which nothing is put in for",
                f"use {_listed([f'{{{word}}}' for word in prompt.PLACEHOLDERS])}; {{{{ and }}}} give plain braces",
            )
        return text

    @field_validator("params")
    @classmethod
    def _check_params(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        field = info.data.get("input", DEFAULT_INPUT)
        own = {"model": "model", "prompt": "prompt"}
        if field is not False:
            own[field.removesuffix("[]")] = "input"
        if taken := [name for name in own if name in params]:
            use = _listed([own[name] for name in taken])
            raise refused(f"sets {_listed(taken)}, which the rule itself sets", f"take it out; use {use} for it")
        for name, value in params.items():
            if (what := _not_json(value)) is not None:
                raise refused(
                    f'"{name}" holds {what}, which can\'t be sent as JSON', "write it as text or a number"
                )
        return params


def _listed(words: list[str]) -> str:
    return ", ".join(words)


def _not_json(value: object) -> str | None:
    """Say what in a TOML value JSON has no form for; None if all is well."""
    match value:
        case dt.date() | dt.time():
            return "a date or time"
        case float() if not math.isfinite(value):
            return "inf or nan"
        case dict():
            return next((what for each in value.values() if (what := _not_json(each)) is not None), None)
        case list():
            return next((what for each in value if (what := _not_json(each)) is not None), None)
    return None
