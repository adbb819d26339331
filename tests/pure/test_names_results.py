"""Names that are given: never too long, never empty, never another's, whatever bytes the source's name has."""

import os

from hypothesis import example, given
from hypothesis import strategies as st

from daemon.names import LONGEST_NAME, beside, result_name, shown, split, temporary, trimmed
from tests.made import NAMES

#: What is behind a result's name at times, and must fit too.
RECORD = ".json"
EXTENSIONS = st.sampled_from([".png", ".jpeg", ".webm", ".bin"])
COUNTS = st.integers(1, 100)
TAKEN = st.integers(0, 99)
LONG = st.integers(0, 64).map(lambda more: "é" * more + "x" * (255 - 2 * more))


def length(name: str) -> int:
    return len(os.fsencode(name))


@given(NAMES | LONG, EXTENSIONS, COUNTS, TAKEN)
def test_a_results_name_fits_with_its_record(name: str, extension: str, index: int, taken: int) -> None:
    stem = split(name)[0]
    result = result_name(stem, extension, index, taken)
    assert result.endswith(extension)
    assert length(extension) < length(result)
    assert length(result + RECORD) <= LONGEST_NAME
    assert "/" not in result


@given(NAMES | LONG, EXTENSIONS, COUNTS, TAKEN)
def test_a_name_that_fits_is_kept_whole(name: str, extension: str, index: int, taken: int) -> None:
    stem = split(name)[0]
    if length(stem) <= 200:
        assert result_name(stem, extension, index, taken).startswith(stem)


@given(NAMES, EXTENSIONS, st.lists(st.tuples(COUNTS, TAKEN), unique=True, min_size=2, max_size=2))
def test_other_results_and_taken_names_give_other_names(
    name: str, extension: str, pairs: list[tuple[int, int]]
) -> None:
    stem = split(name)[0]
    one, other = (result_name(stem, extension, index, taken) for index, taken in pairs)
    assert one != other


@given(NAMES | LONG, TAKEN)
@example("a." + "x" * 253, 1)
@example("é" * 127 + ".", 99)
def test_a_source_that_is_put_away_keeps_a_name_that_fits(name: str, taken: int) -> None:
    kept = beside(name, taken)
    assert 0 < length(kept) <= LONGEST_NAME
    if taken == 0:
        assert kept == name
    else:
        assert f"~{taken}" in kept
        assert kept != beside(name, taken + 1)
        assert kept not in {".", "..", name}


def test_the_extension_is_kept_where_it_is_one() -> None:
    assert beside("cat.jpg", 1) == "cat~1.jpg"
    assert beside("x" * 251 + ".jpg", 12) == "x" * 248 + "~12.jpg"
    assert result_name("cat", ".png", 1, 0) == "cat.png"
    assert result_name("cat", ".png", 2, 0) == "cat-2.png"
    assert result_name("cat", ".png", 2, 1) == "cat-2~1.png"


@given(st.text(), st.integers(0, 300))
def test_trimming_never_cuts_a_character(text: str, room: int) -> None:
    stem = text.encode("utf-8", "replace").decode()
    cut = trimmed(stem, room)
    assert length(cut) <= room
    assert stem.startswith(cut)
    cut.encode()  # still UTF-8
    if cut != stem:  # and no more is lost than must be
        assert length(stem[: len(cut) + 1]) > room


@given(NAMES, st.integers(0, 255))
def test_trimming_takes_any_bytes(name: str, room: int) -> None:
    cut = trimmed(name, room)
    assert min(length(name), room) - 3 <= length(cut) <= room
    assert os.fsencode(name).startswith(os.fsencode(cut))


@given(NAMES)
def test_shown_names_are_plain_text(name: str) -> None:
    text = shown(name)
    assert text.isprintable()
    text.encode()
    if name.isprintable():
        assert text == name


@given(st.integers(1, 10**12), st.integers(1, 999), st.integers(1, 10**12), st.integers(1, 999))
def test_temporary_names_are_hidden_and_their_jobs_own(job: int, index: int, other: int, another: int) -> None:
    assert temporary(job, index).startswith(".")
    assert (temporary(job, index) == temporary(other, another)) is ((job, index) == (other, another))
