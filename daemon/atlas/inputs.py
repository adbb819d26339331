"""Which field of a model's request takes the folder's file, judged by its schema. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from daemon.atlas.catalogue import Schema, takes_list, types_of

#: The first of these that stands in a field's name says what it takes.
_KINDS = ("image", "video", "audio")
#: Words in a field's name by which it is no file of its own but goes with one, or is no file at all.
_BESIDE = frozenset({"last", "end", "tail", "mask", "format", "size", "count", "num", "ratio", "style", "prompt"})
_BESIDE_TOO = frozenset(
    {"output", "strength", "quality", "resolution", "weight", "length", "duration", "id", "ids"}
)
#: Names in the order in which they are preferred where a schema has several.
_USUAL = ("image_url", "image", "images", "video_url", "video", "videos", "audio_url", "audio", "audios")


def media_kind(name: str, field: Mapping[str, Any]) -> str | None:
    """Give what kind of media a field of a request takes: `image`, `video`, `audio`; None for none."""
    words = name.lower().replace("-", "_").split("_")
    if not (_BESIDE | _BESIDE_TOO).isdisjoint(words):
        return None
    types = types_of(field)
    if types and {"string", "array"}.isdisjoint(types):
        return None
    if isinstance(field.get("enum"), list) or not _takes_text(field):
        return None
    return next((kind for kind in _KINDS if any(word.removesuffix("s") == kind for word in words)), None)


def input_for(schema: Schema, *, model: str, taken: Collection[str] = ()) -> str | Literal[False]:
    """Give the field for the file, `[]` behind its name where it takes a list; False for a model that takes none.

    Of several, one that the request must have goes first, then the media that the model's id begins with
    (`image-to-video`), then the usual names. A model for texts (`text-to-…`) that could take media but need not
    is given texts. `taken` are fields that the rule sets itself.
    """
    fields = {
        name: kind
        for name, field in schema.properties.items()
        if name not in taken and (kind := media_kind(name, field)) is not None
    }
    needed = [name for name in fields if name in schema.required]
    task = model.rpartition("/")[2].lower().replace("_", "-")
    if not fields or (not needed and task.startswith("text-to-")):
        return False
    own = task.partition("-to-")[0]

    def order(name: str) -> tuple[bool, int]:
        return fields[name] != own, _USUAL.index(name) if name in _USUAL else len(_USUAL)

    chosen = min(needed or fields, key=order)  # of equals the first in the schema's order
    return f"{chosen}[]" if takes_list(schema.properties[chosen]) else chosen


def _takes_text(field: Mapping[str, Any]) -> bool:
    """Tell whether a field, or each entry of its list, may be a text: a URL is one."""
    items = field.get("items")
    types = types_of(items) if isinstance(items, Mapping) else ()
    return not types or "string" in types
