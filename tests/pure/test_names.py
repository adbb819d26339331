"""Which names are input: a table of what common programs leave in a folder, and what holds for any name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.inbox.names import Role, is_sidecar, matches, never_input, role_of, sidecars_of

PICTURES = ("*.jpg", "*.PNG")

NEVER = """
.DS_Store
._cat.jpg
.cat.jpg.aX81bQ
.hotfolder-12-cat.png
.syncthing.cat.jpg.tmp
.stfolder/cat.jpg
.stversions/old/cat.jpg
.goutputstream-0B1XR2
.com.google.Chrome.mV3LkQ
.~lock.table.ods#
@eaDir/cat.jpg/SYNOPHOTO_THUMB_M.jpg
#recycle/cat.jpg
cat.jpg.part
cat.Zx81.jpg.part
cat.jpg.crdownload
Unconfirmed 12345.crdownload
cat.jpg.download/cat.jpg
cat.jpg.opdownload
cat.jpg.FILEPART
cat.jpg.!sync
cat.jpg.f00ba7.partial
cat.jpg.sb-1a2b3c4d-AbCdEf
cat.tmp
~RF12ab.TMP
~$report.docx
~syncthing~cat.jpg.tmp
Thumbs.db
album/desktop.ini
4913
cat.txt~
.cat.txt.swp
cat.txt.swx
#cat.txt#
.#cat.txt
cat.jpg.error.txt
album/cat.JPG.Error.txt
cat.png.json
album/cat-2.webm.json
done
done/cat.jpg
failed/album/cat.jpg
__MACOSX/cat.jpg
""".strip().split("\n")

INPUT = """
cat.jpg
album/cat.jpg
album/done/cat.jpg
album/failed/cat.jpg
done.jpg
-cat.jpg
~cat.jpg
cat~1.jpg
cat part.jpg
cat.part.jpg
#1.jpg
$cat.jpg
a'b"c.jpg
4913.jpg
cat.jpg.json.jpg
""".strip().split("\n")


@pytest.mark.parametrize("relative", NEVER)
def test_what_programs_leave_is_never_input(relative: str) -> None:
    assert never_input(relative)


@pytest.mark.parametrize("relative", [*INPUT, "line\nbreak.jpg", "\udcff\udcfe.jpg", "x" * 251 + ".jpg"])
def test_ordinary_and_odd_names_are_input(relative: str) -> None:
    assert not never_input(relative)
    assert role_of(relative, PICTURES, takes_media=True, recursive=True) is Role.INPUT


@given(st.text(min_size=1), st.sampled_from(NEVER))
def test_nothing_below_a_name_that_is_never_input_is_input(name: str, above: str) -> None:
    if "/" not in above and not above.lower().endswith((".error.txt", ".json")):
        assert never_input(f"{above}/{name}")


@given(st.text())
def test_any_text_has_a_role(relative: str) -> None:
    assert role_of(relative, PICTURES, takes_media=True, recursive=False) in Role


def test_patterns_ignore_case() -> None:
    assert matches("CAT.JPG", PICTURES)
    assert matches("cat.png", PICTURES)
    assert not matches("cat.jpg.txt", PICTURES)
    assert not matches("cat.jpg", ())


@pytest.mark.parametrize("name", ["cat.jpg.toml", "cat.jpg.txt", "CAT.JPG.TXT"])
def test_a_sidecar_goes_with_a_file_that_matches(name: str) -> None:
    assert is_sidecar(name, PICTURES, takes_media=True)
    assert role_of(f"album/{name}", PICTURES, takes_media=True, recursive=True) is Role.SIDECAR
    assert not is_sidecar(name, ("*.txt",), takes_media=False), "without media a text is a prompt"


@pytest.mark.parametrize("name", ["cat.txt", "cat.gif.txt", "cat.jpg", "notes.toml", "toml", ".txt"])
def test_other_texts_are_no_sidecars(name: str) -> None:
    assert not is_sidecar(name, PICTURES, takes_media=True)


def test_under_the_pattern_of_all_names_a_plain_text_is_no_sidecar() -> None:
    assert not is_sidecar("notes.txt", ("*",), takes_media=True)
    assert is_sidecar("cat.jpg.txt", ("*",), takes_media=True)


def test_a_source_names_its_sidecars() -> None:
    first, second = sidecars_of("/in/cat.jpg")
    assert (first, second) == ("/in/cat.jpg.toml", "/in/cat.jpg.txt")


def test_what_no_pattern_fits_is_unmatched_and_subfolders_count_only_if_asked_for() -> None:
    assert role_of("cat.heic", PICTURES, takes_media=True, recursive=True) is Role.UNMATCHED
    assert role_of("album/cat.jpg", PICTURES, takes_media=True, recursive=False) is Role.IGNORED
