"""Each fault of a configuration: told under its key, in plain words, all at once."""

import pytest

from tests.config.texts import faults, folder

CATS = folder()

#: (text, key of the fault, words of what is wrong or right)
CASES = [
    # keys
    ('stat_dir = "x"\n' + CATS, "stat_dir", 'write "state_dir"'),
    (folder(Model='"x"'), "folders.cats.Model", 'write "model"'),
    (folder(on_unknown_submitt='"hold"'), "folders.cats.on_unknown_submitt", 'write "on_unknown_submit"'),
    (folder(uploads="3"), "folders.cats.uploads", "belongs under [limits]"),
    (folder(zebra="3"), "folders.cats.zebra", "known here: inbox"),
    (folder(name_='"x"') + 'name = "y"\n', "folders.cats.name", "no such key"),
    ('path = "x"\n' + CATS, "path", "no such key"),
    (folder(model=None), "folders.cats.model", "is missing"),
    (folder(inbox=None), "folders.cats.inbox", 'inbox = "~/Atlas'),
    ("[limits]\ndaily_budget_usd = 0\n" + CATS, "limits.daily_budget_usd", "above 0"),
    (folder(daily_budget_usd='"1"'), "folders.cats.daily_budget_usd", "without quotation marks"),
    (folder(confirm_above="0"), "folders.cats.confirm_above", "1 or more"),
    (folder(confirm_above_usd="inf"), "folders.cats.confirm_above_usd", "ordinary number"),
    # types and choices
    ('[limits]\nuploads = "4"\n' + CATS, "limits.uploads", 'is the text "4"; write a whole number'),
    ("[limits]\nuploads = 4.0\n" + CATS, "limits.uploads", "whole number"),
    ("[limits]\nuploads = true\n" + CATS, "limits.uploads", "is true"),
    ("[limits]\nuploads = 65\n" + CATS, "limits.uploads", "64 or less"),
    ("limits = 3\n" + CATS, "limits", "write a table [limits]"),
    ("api = []\n" + CATS, "api", "write a table [api]"),
    (folder(kind='"picture"'), "folders.cats.kind", "'image', 'video' or 'audio'"),
    (folder(after='"move"'), "folders.cats.after", "'archive', 'delete' or 'keep'"),
    (folder(recursive='"yes"'), "folders.cats.recursive", "true or false"),
    (folder(inbox="1979-05-27"), "folders.cats.inbox", "is a date or time"),
    ('folders = "x"\n', "folders", "[folders.NAME]"),
    ("[folders]\n", "folders", "no folder is configured"),
    ("", "folders", "is missing"),
    ("[folders]\ncats = 3\n", "folders.cats", "write a table [folders.cats]"),
    # ranges
    (folder(settle="0"), "folders.cats.settle", "above 0"),
    (folder(settle="-1.5"), "folders.cats.settle", "number -1.5"),
    (folder(patience="inf"), "folders.cats.patience", "number inf"),
    (folder(deadline_minutes="nan"), "folders.cats.deadline_minutes", "number nan"),
    (folder(sidecar_wait="-0.1"), "folders.cats.sidecar_wait", "0 or more"),
    (folder(max_size_mb="0"), "folders.cats.max_size_mb", "above 0"),
    (folder(in_flight="0"), "folders.cats.in_flight", "1 or more"),
    ("[limits]\nin_flight = " + "9" * 40 + "\n" + CATS, "limits.in_flight", "a huge number"),
    # the log, and messages to people
    ('[logs]\nformat = "xml"\n' + CATS, "logs.format", "'text' or 'json'"),
    ('[logs]\nlevel = "all"\n' + CATS, "logs.level", "'debug', 'info', 'warning' or 'error'"),
    ('[notify]\nurls = "ntfy://secret"\n' + CATS, "notify.urls", "is not a list"),
    ('[notify]\nurls = ["ntfy://a", "secret"]\n' + CATS, "notify.urls", "no URL (number 2)"),
    ("[notify]\nurls = [7]\n" + CATS, "notify.urls", "no URL (number 1)"),
    ('[notify]\nevents = ["failure"]\n' + CATS, "notify.events", "'failed', 'held'"),
    ('[notify]\ndaily_summary = "8:00"\n' + CATS, "notify.daily_summary", 'like "08:00"'),
    ("[notify]\ndaily_summary = true\n" + CATS, "notify.daily_summary", 'like "08:00"'),
    ("[notify]\nbalance_low_usd = 0\n" + CATS, "notify.balance_low_usd", "above 0"),
    ("[notify]\nevents = []\nbalance_low_usd = 5\n" + CATS, "notify.balance_low_usd", "add it to events"),
    # a folder's rule
    (folder("-cats"), "folders.-cats", "is not a name"),
    (folder("a/b"), 'folders."a/b"', "is not a name"),
    (folder("x" * 101), f"folders.{'x' * 101}", "at most 100"),
    (folder(model='""'), "folders.cats.model", "is empty"),
    (folder(model='"a b"'), "folders.cats.model", "holds spaces"),
    (folder(input="true"), "folders.cats.input", "neither text nor false"),
    (folder(input='""'), "folders.cats.input", "not the name of a request field"),
    (folder(input='"images[0]"'), "folders.cats.input", "not the name of a request field"),
    (folder(input='"prompt"'), "folders.cats.input", "another use"),
    (folder(prompt='"a {subject}"'), "folders.cats.prompt", "holds {subject}"),
    (folder(prompt='"a { b"'), "folders.cats.prompt", "holds {, which"),
    (folder(prompt='"{stem!r}"'), "folders.cats.prompt", "holds {stem!r}"),
    (folder(input="false", prompt='"x"'), "folders.cats.prompt", "the files of this folder are the prompts"),
    (folder(params='{ model = "x", prompt = "y" }'), "folders.cats.params", "sets model, prompt"),
    (folder(input='"images[]"', params='{ images = ["x"] }'), "folders.cats.params", "sets images"),
    (folder(params='{ image_url = "x" }'), "folders.cats.params", "sets image_url"),
    (folder(params="{ day = [1979-05-27] }"), "folders.cats.params", "a date or time"),
    (folder(params="{ a = { b = nan } }"), "folders.cats.params", "inf or nan"),
    (folder(params='"x"'), "folders.cats.params", "aspect_ratio"),
    (folder(match='["sub/*.jpg"]'), "folders.cats.match", '"sub/*.jpg" is not a pattern'),
    (folder(match='["*.jpg", ""]'), "folders.cats.match", "is not a pattern"),
    (folder(match="[]"), "folders.cats.match", "at least one"),
    (folder(match='"*.jpg"'), "folders.cats.match", "write a list"),
    (folder(match='["*.jpg", 3]'), "folders.cats.match", "is the number 3"),
    # paths
    (folder(inbox='""'), "folders.cats.inbox", "is empty"),
    (folder(inbox='"a\\u0000b"'), "folders.cats.inbox", "NUL"),
    (folder(inbox='"$HOME/in"'), "folders.cats.inbox", "variables are not replaced"),
    (folder(inbox='"~no-such-user-here/in"'), "folders.cats.inbox", "not known here"),
    # the API and the table
    ('[api]\nbase_url = "http://api.example.com"\n' + CATS, "api.base_url", 'write "https://api.example.com"'),
    ('[api]\nbase_url = "ftp://api.example.com"\n' + CATS, "api.base_url", "not an https URL"),
    ('[api]\nbase_url = "api.example.com"\n' + CATS, "api.base_url", "not an https URL"),
    ('[api]\nbase_url = "https://"\n' + CATS, "api.base_url", "not an https URL"),
    ('[api]\nbase_url = "https://["\n' + CATS, "api.base_url", "not a URL"),
    ('[api]\nbase_url = "https://a:99999"\n' + CATS, "api.base_url", "not a URL"),
    ('[api]\nbase_url = "https://a.example/?b=c"\n' + CATS, "api.base_url", "query"),
    ('[api]\nbase_url = "https://a.example/api/v1"\n' + CATS, "api.base_url", 'write "https://a.example"'),
    ('[api]\nbase_url = "http://127.0.0.1.example.com"\n' + CATS, "api.base_url", "unencrypted"),
    ('[database]\nurl = "postgresql://db/jobs"\n' + CATS, "database.url", "SQLite"),
    ('[database]\nurl = "sqlite://"\n' + CATS, "database.url", "SQLite"),
    # the page
    ('[web]\nhost = "0.0.0.0"\n' + CATS, "web.host", "put a reverse proxy"),
    ('[web]\nhost = "atlas.example"\n' + CATS, "web.host", "not an address of this machine alone"),
    ("[web]\nport = 70000\n" + CATS, "web.port", "65535 or less"),
    ('[web]\nhosts = ["https://atlas.example"]\n' + CATS, "web.hosts", "not the name of a host"),
]


@pytest.mark.parametrize(("text", "key", "words"), CASES)
def test_is_told_under_its_key(text: str, key: str, words: str) -> None:
    found = [fault for fault in faults(text) if fault.key == key]
    assert any(words in str(fault) for fault in found), faults(text)
    assert all(fault.wrong and fault.right for fault in faults(text))


#: (folders' tables, key, words, or None where all is well)
PLACES = [
    (folder(outbox='"/srv/in/cats"'), "folders.cats.outbox", "same folder as the inbox"),
    (folder(outbox='"/srv/./in//cats/"'), "folders.cats.outbox", "same folder as the inbox"),
    (folder(outbox='"/srv/in/cats/out"'), "folders.cats.outbox", "inside the inbox"),
    (folder(inbox='"/srv/out/cats/in"'), "folders.cats.inbox", "inside the outbox"),
    (folder() + folder("dogs", inbox='"/srv/in/cats"'), "folders.dogs.inbox", 'the inbox of "cats" too'),
    (folder() + folder("dogs", inbox='"/srv/in/cats/d"'), "folders.dogs.inbox", 'inside the inbox of "cats"'),
    (folder("dogs", inbox='"/srv/in/cats/d"') + folder(), "folders.dogs.inbox", 'inside the inbox of "cats"'),
    (folder(recursive="false") + folder("dogs", inbox='"/srv/in/cats/d"'), None, ""),
    (
        folder(recursive="false") + folder("dogs", inbox='"/srv/in/cats/done"'),
        "folders.dogs.inbox",
        "puts its sources away",
    ),
    (folder() + folder("dogs", inbox='"/srv/out/cats/d"'), "folders.dogs.inbox", 'inside "cats"\'s outbox'),
    (folder() + folder("dogs", outbox='"/srv/out/cats"'), None, ""),
    # the results of one may not be the input of another: what comes round is paid for each time
    (folder() + folder("dogs", inbox='"/srv/out/cats"'), "folders.cats.outbox", 'same folder as "dogs"'),
    (folder(outbox='"/srv/in/dogs/from-cats"') + folder("dogs"), "folders.cats.outbox", 'inside "dogs"'),
    ('state_dir = "/srv/in/cats/state"\n' + CATS, "state_dir", 'lies in the inbox of "cats"'),
    ('state_dir = "/srv/out/cats"\n' + CATS, "state_dir", 'lies in the outbox of "cats"'),
    ('[database]\nurl = "sqlite:////srv/out/cats/jobs.db"\n' + CATS, "database.url", "lies in the outbox"),
]


@pytest.mark.parametrize(("text", "key", "words"), PLACES)
def test_of_folders_among_each_other(text: str, key: str | None, words: str) -> None:
    found = faults(text)
    assert [fault.key for fault in found] == ([] if key is None else [key])
    assert key is None or words in str(found[0])


def test_of_folders_through_symbolic_links(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.mktemp("links")
    (base / "real").mkdir()
    (base / "link").symlink_to(base / "real")
    text = folder(inbox=f'"{base}/real"', outbox=f'"{base}/link/out"')
    assert [fault.key for fault in faults(text)] == ["folders.cats.outbox"]


def test_all_at_once_even_where_rules_have_other_faults() -> None:
    text = (
        'stat_dir = "x"\n[limits]\nuploads = 0\n'
        + folder("cats", kind='"picture"', outbox='"/srv/in/cats"')
        + folder("dogs", inbox='"/srv/in/cats"', model=None, prompt='"{x} {y} {x}"')
    )
    assert {fault.key for fault in faults(text, need_key=True)} == {
        "stat_dir",
        "limits.uploads",
        "folders.cats.kind",
        "folders.cats.outbox",
        "folders.dogs.inbox",
        "folders.dogs.model",
        "folders.dogs.prompt",
        "api",
    }


def test_of_a_wrong_input_brings_no_other() -> None:
    assert [fault.key for fault in faults(folder(input="3"))] == ["folders.cats.input"]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a = 1\nb = oil\n" + CATS, "line 2, column 5", "quotation marks"),
        ("a = 1\na = 2\n" + CATS, "line 2", "twice"),
        ("a = [1,", "end of document", "not valid TOML"),
        ("a = " + "[" * 5000, "configuration", "nested"),
        ("a = " + "9" * 5000, "configuration", "too long"),
    ],
)
def test_of_toml_itself_names_the_line(text: str, where: str, words: str) -> None:
    (found,) = faults(text)
    assert found.key.startswith(where)
    assert words in str(found)


def test_from_the_environment_names_the_variable() -> None:
    (found,) = faults(CATS, {"HOME": "/", "ATLASCLOUD_BASE_URL": "http://example.com"})
    assert found.key == "$ATLASCLOUD_BASE_URL"


def test_of_an_address_with_a_password_does_not_repeat_it() -> None:
    (found,) = faults('[api]\nbase_url = "https://ada:hunter2@example.com"\n' + CATS)
    assert "hunter2" not in str(found)
