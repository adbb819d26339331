"""What a person wants of a first configuration, filled up with what is usual, and its text. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from daemon.errors import Refused
from daemon.names import shown

_BARE = re.compile(r"[A-Za-z0-9_-]+")  # a key that TOML takes without quotation marks
#: Proposed where a person says nothing: enough for a few hundred pictures, and no more.
BUDGET_USD = 10.0
PILE = 50


@dataclass(frozen=True, slots=True)
class Task:
    """What files may become, in a person's words, and what is proposed for it.

    `kind`: the generate call; `media`: whether files are uploaded, else texts are the prompts. `model` is only
    what the shipped example shows for it, for when the catalogue can't be had; "": there is no such example.
    """

    title: str
    becomes: str
    kind: str
    media: bool
    folder: str
    prompt: str
    model: str
    input: str | Literal[False]


TASKS: Mapping[str, Task] = {
    "edit-pictures": Task(
        title="edit pictures",
        becomes="cat.jpg becomes another picture",
        kind="image",
        media=True,
        folder="oil-painting",
        prompt="Transform into oil painting style",
        model="google/nano-banana-2/edit",
        input="images[]",
    ),
    "animate-pictures": Task(
        title="animate pictures",
        becomes="cat.jpg becomes a short video",
        kind="video",
        media=True,
        folder="camera-move",
        prompt="A slow camera move towards the subject, natural light",
        model="bytedance/seedance-2.0/image-to-video",
        input="image_url",
    ),
    "pictures-from-text": Task(
        title="pictures from text",
        becomes="sunset.txt, with the prompt in it, becomes a picture",
        kind="image",
        media=False,
        folder="pictures-from-text",
        prompt="",
        model="google/nano-banana-2/text-to-image",
        input=False,
    ),
}
#: Folders of models that no task proposes are named by what comes out of them.
_PLURALS: Mapping[str, str] = {"image": "images", "video": "videos", "audio": "sounds"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What the catalogue says of a model: `price` is USD, a floor; None for what it does not say.

    `input` as in a rule (None: not known), `others`: further fields that its requests may hold.
    """

    id: str
    kind: str
    price: float | None = None
    input: str | Literal[False] | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """One folder's rule and its limits as a person wants them; paths as they are to stand in the file."""

    name: str
    inbox: str
    outbox: str
    kind: str
    model: str
    prompt: str
    input: str | Literal[False] | None  # None: left out, found from the model's schema
    state_dir: str
    others: tuple[str, ...] = ()
    base_url: str | None = None  # None: the real API
    key_file: str | None = None  # None: the key comes from elsewhere
    budget: float = BUDGET_USD  # USD a day; 0: none
    pile: int = PILE  # files within a minute; 0: no brake

    @property
    def takes_media(self) -> bool:
        """Tell whether files are uploaded; else they are texts, each a prompt."""
        return self.input is not False


def wish(
    *,
    beside: bool,
    task: str | None = None,
    kind: str | None = None,
    model: str | None = None,
    offer: Offer | None = None,
    name: str | None = None,
    inbox: str | None = None,
    outbox: str | None = None,
    prompt: str | None = None,
) -> Wish:
    """Fill up what a person did not say. Raises Refused where that can't be guessed.

    With `beside` all lies beside the configuration, else in the home directory. `offer` is what the catalogue
    says of the model, if it could be had.
    """
    usual = usual_task(task, kind, model)
    model = model or (usual.model if usual else "")
    kind = kind or (usual.kind if usual else None) or (offer.kind if offer else None) or "image"
    if not model:
        raise Refused(f"name a model for {kind} with --model; `hotfolder models` lists them")
    field = _field(usual, model, offer)
    if field is False and prompt:
        raise Refused("a prompt is given, but this model works from text alone, and the files are its prompts")
    if offer is not None and offer.kind != kind:
        raise Refused(f"{model} is for {offer.kind}, not for {kind}; `hotfolder models` lists others")
    proposed = usual.prompt if usual and field is not False else ""
    if name is None:
        name = folder_name(usual, prompt, kind, media=field is not False)
    root = "" if beside else "~/Atlas/"
    return Wish(
        name=name,
        inbox=inbox or f"{root}inbox/{name}",
        outbox=outbox or f"{root}outbox/{name}",
        kind=kind,
        model=model,
        prompt=proposed if prompt is None else prompt,
        input=field,
        state_dir="state" if beside else "~/.local/state/hotfolder",
        others=offer.others if offer else (),
    )


def usual_task(task: str | None, kind: str | None, model: str | None) -> Task | None:
    """Give the task that is meant by its name, else by the model, else by the kind of result; None: another one.

    Raises Refused for a word that is no task or kind, and for a kind that is not the task's.
    """
    if task is not None and task not in TASKS:
        raise Refused(f"{shown(task)} is no task; use {', '.join(TASKS)}")
    if kind is not None and kind not in _PLURALS:
        raise Refused(f"{shown(kind)} is no kind of result; use {', '.join(_PLURALS)}")
    if task is not None:
        if kind not in {None, TASKS[task].kind}:
            raise Refused(f"--task {task} makes {TASKS[task].kind}, not {kind}; leave --kind out")
        return TASKS[task]
    if model is not None:
        return next((each for each in TASKS.values() if each.model == model), None)
    wanted = kind or TASKS["edit-pictures"].kind
    return next((each for each in TASKS.values() if each.kind == wanted and each.media), None)


def _field(usual: Task | None, model: str, offer: Offer | None) -> str | Literal[False] | None:
    """Give the request's field for the file: the catalogue knows best, then the example, then the model's id.

    Ids carry their task (`…/text-to-image`).
    """
    if offer is not None and offer.input is not None:
        return offer.input
    if usual is not None and (model == usual.model or not usual.media):
        return usual.input
    return False if "text-to-" in model else None


def folder_name(usual: Task | None, prompt: str | None, kind: str, *, media: bool) -> str:
    """Propose a name for the folder: the task's where its prompt is, else what comes out of it."""
    if usual is not None and usual.media is media and prompt in {None, usual.prompt}:
        return usual.folder
    plural = _PLURALS.get(kind or (usual.kind if usual else ""), "results")
    return plural if media else f"{plural}-from-text"


def text_of(wanted: Wish) -> str:
    """Give the configuration's text, with a remark for each line. Raises Refused for what TOML can't hold."""
    return "\n".join((*_head(wanted), *_page(), *_folder(wanted))) + "\n"


def _head(wanted: Wish) -> Iterator[str]:
    yield "# The configuration of hotfolder. The example that ships with it explains every key there is."
    yield "# After a change: `hotfolder check`. A running daemon reads this file again on SIGHUP."
    yield ""
    yield f"state_dir = {quoted(wanted.state_dir)}    # the job table"
    yield ""
    yield "[api]"
    if wanted.base_url is not None:
        yield f"base_url = {quoted(wanted.base_url)}    # `hotfolder sandbox`; take this line out for the real API"
    if wanted.key_file is None:
        yield "# The key does not belong here: set $ATLASCLOUD_API_KEY, or name a file that holds it alone:"
        yield '# api_key_file = "api-key"'
    else:
        yield f"api_key_file = {quoted(wanted.key_file)}    # holds the key alone; nobody but you may read it"
    yield ""
    yield "[limits]"
    yield _limit("daily_budget_usd", wanted.budget, BUDGET_USD, "reached: spending stops until the next day (UTC)")
    yield _limit("confirm_above", wanted.pile, PILE, "more files within a minute wait for `hotfolder approve`")
    yield ""


def _page() -> Iterator[str]:
    yield "[web]"
    yield "enabled = true    # the page, on this machine and for you alone; `hotfolder page` opens it"
    yield ""


def _limit(key: str, value: float, example: float, remark: str) -> str:
    """Write a limit; one that is not wanted stands as a remark, to be found when it is."""
    return f"{'' if value else '# '}{key} = {value or example}    # {remark}"


def _folder(wanted: Wish) -> Iterator[str]:
    name = wanted.name if _BARE.fullmatch(wanted.name) else quoted(wanted.name)
    yield f"[folders.{name}]"
    yield f"inbox = {quoted(wanted.inbox)}    # drop files here"
    yield f"outbox = {quoted(wanted.outbox)}    # results appear here"
    yield f"kind = {quoted(wanted.kind)}    # image, video or audio"
    yield f"model = {quoted(wanted.model)}    # `hotfolder models` lists others, with prices"
    if wanted.prompt:
        yield f"prompt = {quoted(wanted.prompt)}"
    if wanted.input is False:
        yield "input = false    # no file is uploaded: text files are the prompts"
    elif wanted.input is not None:
        yield f"input = {quoted(wanted.input)}    # the model's field for the file"
    if others := [name for name in wanted.others if _BARE.fullmatch(name)]:  # a remark must stay on its line
        yield f"# The model also takes: {', '.join(others)}. Set them like this:"
        yield "# params = { NAME = VALUE }"


def quoted(text: str) -> str:
    """Write text as a TOML basic string (toml.io/en/v1.0.0#string); JSON's escapes are among TOML's.

    Raises Refused for bytes that are not UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(f"{shown(text)} holds bytes that are not UTF-8, which a configuration can't name") from None
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
