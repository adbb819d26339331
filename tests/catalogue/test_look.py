"""Models are found by words, and by what people want to do."""

import pytest

from daemon.atlas.catalogue import Model, Schema
from daemon.catalogue.look import fitting, search


def model(name: str, kind: str = "Image", *labels: str, title: str = "") -> Model:
    return Model(name, kind, None, None, title=title, labels=labels)


MODELS = (
    model("a/upscaler", "Image", "image-to-image"),
    model("b/banana/edit", title="Fruit Edit"),
    model("b/banana/text-to-image"),
    model("c/dance/image-to-video", "Video"),
    model("c/dance/text-to-video", "Video", "image-to-video"),
    model("d/painter", "Image", "text-to-image"),
    model("e/animator", "Video", "image-to-video"),
    model("f/flux/image-to-image"),
)
SCHEMAS = {
    "b/banana/edit": Schema({"prompt": {"type": "string"}, "images": {"type": "array"}}, ("prompt", "images")),
    "b/banana/text-to-image": Schema({"prompt": {"type": "string"}}, ("prompt",)),
    "f/flux/image-to-image": Schema(
        {"image": {"type": "string"}, "reference_video": {"type": "string"}}, ("image", "reference_video")
    ),
}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["banana"], ["b/banana/edit", "b/banana/text-to-image"]),
        (["BANANA", "edit"], ["b/banana/edit"]),
        (["fruit"], ["b/banana/edit"]),
        (["image-to-video"], ["c/dance/image-to-video", "c/dance/text-to-video", "e/animator"]),
        (["video", "dance"], ["c/dance/image-to-video", "c/dance/text-to-video"]),
        (["smell"], []),
        ([], [each.id for each in MODELS]),
    ],
)
def test_search(words: list[str], found: list[str]) -> None:
    assert [each.id for each in search(words, MODELS)] == found


def test_those_that_have_the_words_in_their_id_go_first() -> None:
    labelled, named = model("x/one", "Image", "edit"), model("x/edit")
    assert search(["edit"], [labelled, named]) == [named, labelled]


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("edit-pictures", ["b/banana/edit", "a/upscaler"]),
        ("animate-pictures", ["c/dance/image-to-video", "e/animator"]),
        ("pictures-from-text", ["b/banana/text-to-image", "d/painter"]),
    ],
)
def test_models_for_a_task(task: str, found: list[str]) -> None:
    assert [each.id for each in fitting(task, MODELS, SCHEMAS.get)] == found
