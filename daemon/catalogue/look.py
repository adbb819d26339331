"""Finds models in the catalogue: by words, by what they are for. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from daemon.atlas.catalogue import Model, Schema
from daemon.atlas.inputs import media_kind


@dataclass(frozen=True, slots=True)
class Task:
    """What people want to do, and by what a model for it is known.

    `names` stand at the end of its id or among its labels, best first; `takes` is the kind of media that its
    request must take, None for none.
    """

    type: str
    names: tuple[str, ...]
    takes: str | None


TASKS: Mapping[str, Task] = {
    "edit-pictures": Task("image", ("edit", "image-edit", "image-to-image"), "image"),
    "animate-pictures": Task("video", ("image-to-video",), "image"),
    "pictures-from-text": Task("image", ("text-to-image",), None),
}


def search(words: Iterable[str], models: Iterable[Model]) -> list[Model]:
    """Give the models that have all of `words` in id, title, type or labels, in any case.

    Those that have all of them in the id go first, else it is the catalogue's order.
    """
    wanted = [word.lower() for word in words]
    found = [model for model in models if all(word in _about(model) for word in wanted)]
    return sorted(found, key=lambda model: not all(word in model.id.lower() for word in wanted))


def fitting(task: str, models: Iterable[Model], schema_of: Callable[[str], Schema | None]) -> list[Model]:
    """Give the models for a task of TASKS, best first; KeyError for another task.

    An id that ends in the task's name counts more than a label, and of a known schema must follow that the
    request can be made of what the task has: one file of its media, or a text, and no other media.
    """
    wanted = TASKS[task]
    ranked = [(_rank(wanted, model, schema_of(model.id)), model) for model in models]
    return [
        model for rank, model in sorted(((r, m) for r, m in ranked if r is not None), key=lambda pair: pair[0])
    ]


def _about(model: Model) -> str:
    return " ".join((model.id, model.title, model.type, *model.labels)).lower()


def _rank(task: Task, model: Model, schema: Schema | None) -> tuple[int, int] | None:
    """Give how far down the list a model belongs; None if it is not for the task."""
    if model.kind != task.type or not _can_be_asked(task, schema):
        return None
    if model.task in task.names:
        return 0, task.names.index(model.task)
    named = [index for index, name in enumerate(task.names) if name in model.labels]
    # a model for another task may carry several labels
    return (1, named[0]) if named and "-to-" not in model.task and model.task != "edit" else None


def _can_be_asked(task: Task, schema: Schema | None) -> bool:
    """Tell whether the fields that a request needs are those that the task has; of an unknown schema, yes."""
    if schema is None:
        return True
    needed = [kind for name in schema.required if (kind := media_kind(name, schema.properties[name])) is not None]
    if task.takes is None:
        return not needed
    has = any(media_kind(name, field) == task.takes for name, field in schema.properties.items())
    return has and needed in ([], [task.takes])
