"""A first configuration: its text for one folder, written where there is none yet, with its folders."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from daemon import config
from daemon.config import Settings
from daemon.errors import ConfigError, Refused
from daemon.inbox.mounts import mount_point
from daemon.names import shown

NAME = "hotfolder.toml"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a folder of this kind; `plural` names it where a person wants something else."""

    name: str
    plural: str
    model: str
    input: str
    prompt: str


KINDS: Mapping[str, Proposal] = {
    "image": Proposal(
        "oil-painting",
        "images",
        "google/nano-banana-2/edit",
        "images[]",
        "Transform into oil painting style",
    ),
    "video": Proposal(
        "camera-move",
        "videos",
        "bytedance/seedance-2.0/image-to-video",
        "image_url",
        "A slow camera move towards the subject, natural light",
    ),
    # No model for sounds is proposed: one of a wrong id would only fail at the first file.
    "audio": Proposal("sounds", "sounds", "", "audio_url", ""),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """One folder's rule as a person wants it; paths as they are to stand in the file."""

    name: str
    inbox: str
    outbox: str
    kind: str
    model: str
    prompt: str
    input: str | None  # None: this folder takes no media
    state_dir: str


def wish(
    *,
    kind: str,
    beside: bool,
    name: str | None = None,
    inbox: str | None = None,
    outbox: str | None = None,
    model: str | None = None,
    prompt: str | None = None,
) -> Wish:
    """Fill up what a person did not say. Raises Refused where that can't be guessed.

    With `beside` all lies beside the configuration, else in the home directory. Model ids carry their task
    (`…/text-to-image`), which tells whether files are uploaded or are prompts.
    """
    proposed = KINDS.get(kind)
    if proposed is None:
        raise Refused(f"{kind!r} is no kind of result; use {', '.join(KINDS)}")
    if not (model or proposed.model):
        raise Refused(f"name a model for {kind} with --model; the API's catalogue lists them")
    usual = model in {None, proposed.model}
    takes_media = "text-to-" not in (model or proposed.model)
    if not takes_media and prompt:
        raise Refused("a prompt is given, but this model works from text alone, and the files are its prompts")
    if name is None:
        as_proposed = proposed.name if usual and prompt is None else proposed.plural
        name = as_proposed if takes_media else f"{proposed.plural}-from-text"
    if prompt is None:
        prompt = proposed.prompt if usual else ""
    root = "" if beside else "~/Atlas/"
    return Wish(
        name=name,
        inbox=inbox or f"{root}inbox/{name}",
        outbox=outbox or f"{root}outbox/{name}",
        kind=kind,
        model=model or proposed.model,
        prompt=prompt,
        input=(proposed.input if usual else "image_url") if takes_media else None,
        state_dir="state" if beside else "~/.local/state/hotfolder",
    )


def text_of(wanted: Wish) -> str:
    """Give the configuration's text. Raises Refused for what TOML can't hold."""
    lines = [
        "# The configuration of hotfolder. The example that ships with it explains every key there is.",
        "# The API key does not belong here: set $ATLASCLOUD_API_KEY, or name a file under [api] as api_key_file.",
        "",
        f"state_dir = {_quoted(wanted.state_dir)}    # the job table",
        "",
        f"[folders.{_quoted(wanted.name)}]",
        f"inbox = {_quoted(wanted.inbox)}    # drop files here",
        f"outbox = {_quoted(wanted.outbox)}    # results appear here",
        f"kind = {_quoted(wanted.kind)}    # image, video or audio",
        f"model = {_quoted(wanted.model)}",
    ]
    if wanted.prompt:
        lines.append(f"prompt = {_quoted(wanted.prompt)}")
    if wanted.input is None:
        lines.append("input = false    # no file is uploaded: text files are the prompts")
    else:
        lines.append(
            f"input = {_quoted(wanted.input)}    # the model's field for the file; `hotfolder check` tells"
        )
    return "\n".join(lines) + "\n"


def refuse_existing(directory: str) -> None:
    """Raise Refused if there is a configuration in `directory`: it is somebody's work."""
    path = os.path.join(directory, NAME)
    if os.path.lexists(path):
        raise Refused(f"{shown(path)} is there already, and is left as it is")


def own_directory(environ: Mapping[str, str]) -> str:
    """Give the directory of a person's own configuration (the XDG base directory specification)."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return os.path.join(base, "hotfolder")


def create(directory: str, wanted: Wish, environ: Mapping[str, str]) -> Settings:
    """Write `directory`/hotfolder.toml and make its folders; give what it says.

    Raises Refused where the file is there already, ConfigError for a wish that makes no usable configuration, and
    OSError. Nothing is written unless all is well.
    """
    refuse_existing(directory)
    path = os.path.join(directory, NAME)
    text = text_of(wanted)
    settings = config.parse(text, path, environ, need_key=False)
    os.makedirs(directory, exist_ok=True)
    faults = config.make_folders(settings, {}, mount_point)
    if faults:
        raise ConfigError(faults)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Refused(f"{shown(path)} was made by another just now, and is left as it is") from None
    return settings


def _quoted(text: str) -> str:
    """Write text as a TOML basic string (toml.io/en/v1.0.0#string); JSON's escapes are among TOML's."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(f"{shown(text)} holds bytes that are not UTF-8, which a configuration can't name") from None
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
