"""What the page says, read without a browser: jobs, filters, further pages, odd names."""

import os
import re
from collections.abc import Iterator

import pytest

from daemon.states import NewJob
from tests.daemon.house import FOLDER, House, house_in
from tests.daemon.samples import picture
from tests.web.conftest import WEB
from tests.web.visitor import Visitor

ODD = os.fsdecode(b"<script>alert(1)<script> \xff \xe2\x80\xae gnp.png")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Have a done job, an odd one, and many that are waiting, as their folder is paused."""
    with house_in(str(tmp_path_factory.mktemp("house"))) as running:
        running.start({FOLDER: {}, "other": {}}, web=WEB)
        running.until(running.drop("cat.png", picture()))
        running.until(running.drop(ODD, picture(1)))
        running.daemon.parts.actions.pause(["other"])
        new = [
            NewJob(
                folder="other",
                source=f"/nowhere/{number}.png",
                identity=f"1:{number}:1",
                size=number,
                model="sandbox/echo",
            )
            for number in range(150)
        ]
        running.daemon.parts.store.add(new)
        yield running


def ids(text: str) -> list[int]:
    return [int(each) for each in re.findall(r'data-id="(\d+)"', text)]


def test_jobs_come_newest_first_and_page_by_page(visitor: Visitor) -> None:
    found: list[int] = []
    path = "/"
    while path:
        text = visitor.get(path).text
        found += ids(text)
        more = re.search(r'<a href="([^"]+)" rel="next"', text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert found == list(range(152, 0, -1))


@pytest.mark.parametrize(
    ("query", "number"),
    [
        (f"folder={FOLDER}", 2),
        ("state=done", 2),
        ("state=failed", 0),
        ("state=queued&folder=other", 60),
        (f"state=waiting&folder={FOLDER}", 0),
        ("folder=nowhere", 0),
        ("before=3", 2),
        ("state=waiting&before=10", 7),
    ],
)
def test_filters_are_in_the_address(query: str, number: int, visitor: Visitor) -> None:
    for path in ("/", "/cards"):
        assert len(ids(visitor.get(f"{path}?{query}").text)) == number


@pytest.mark.parametrize("query", ["state=lost", "before=x", "before=-1", "before=99999999999999999999"])
@pytest.mark.parametrize("path", ["/", "/cards", "/summary"])
def test_a_filter_that_can_not_be_is_told(path: str, query: str, visitor: Visitor) -> None:
    answer = visitor.get(f"{path}?{query}")
    assert answer.status == 400
    assert "Traceback" not in answer.text


def test_cards_can_be_asked_for_one_by_one(visitor: Visitor) -> None:
    assert ids(visitor.get("/cards?ids=2,1,999,5").text) == [2, 1, 5]
    assert ids(visitor.get(f"/cards?ids=2,1,5&folder={FOLDER}").text) == [2, 1]
    assert visitor.get("/cards?ids=a,b").status == 400
    assert visitor.get(f"/cards?ids=1,{10**30}").status == 400


def test_names_are_text_and_nothing_else(visitor: Visitor) -> None:
    for path in ("/cards?ids=2", "/jobs/2"):
        text = visitor.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;script&gt; \\xff \\u202e gnp.png" in text


def test_a_waiting_job_says_what_it_waits_for(visitor: Visitor) -> None:
    assert "The folder other is paused by a person." in visitor.get("/jobs/100").text
    assert visitor.get("/?folder=other").text.count("The folder other is paused by a person.") == 61


def test_one_job_with_its_history(visitor: Visitor) -> None:
    text = visitor.get("/jobs/1").text
    states = re.findall(r'<li class="(\w+)"><time', text)
    assert states[0] == "queued"
    assert states[-1] == "done"
    assert visitor.get("/jobs/999").status == 404
    assert visitor.get(f"/jobs/{10**30}").status == 404


def test_no_page_has_script_or_style_of_its_own(visitor: Visitor, stranger: Visitor) -> None:
    for text in (visitor.get("/").text, visitor.get("/jobs/1").text, stranger.get("/").text):
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", text)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


def test_json_for_programs(visitor: Visitor) -> None:
    import json

    jobs = json.loads(visitor.get("/api/jobs?state=done").text)
    assert [job["id"] for job in jobs] == [2, 1]
    assert "source_b64" in jobs[0]
    assert [job["id"] for job in json.loads(visitor.get("/api/jobs?limit=2&before=50").text)] == [49, 48]
    assert json.loads(visitor.get("/api/status").text)["total"]["done"] == 2
    assert visitor.get("/api/jobs?state=lost").status == 400
    assert visitor.get(f"/api/jobs?before={10**30}").status == 400


def test_what_stops_work_is_said_once_at_the_top_and_not_in_the_title(visitor: Visitor) -> None:
    text = visitor.get("/").text
    for part in (r"<title>(.*)</title>", r'<p class="headline"[^>]*>(.*)</p>'):
        found = re.search(part, text)
        assert found is not None
        assert found[1].startswith("150 queued, 0 under way, 2 done")
        assert "paused" not in found[1]


def test_only_a_folder_that_there_is_can_be_paused(visitor: Visitor) -> None:
    assert 'action="/pause"' in visitor.get(f"/?folder={FOLDER}").text
    assert 'action="/pause"' not in visitor.get("/?folder=nowhere").text


def test_files_are_linked_by_their_version_as_browsers_keep_them(visitor: Visitor) -> None:
    links = re.findall(r'"(/jobs/1/(?:source|outputs/0)[^"]*)"', visitor.get("/jobs/1").text)
    assert len(links) >= 4
    assert all("?v=" in each for each in links), links
