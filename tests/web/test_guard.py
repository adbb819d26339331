"""Who is let in: each rule by plain HTTP, as somebody who tries to get around it would send it."""

import os
import stat
from urllib.parse import urlsplit

import pytest

from daemon.web.guard import names_of
from tests.daemon.house import KEY, House
from tests.web.visitor import Visitor, opened

PRIVATE = ["/", "/api/status", "/api/jobs", "/nowhere"]


@pytest.mark.parametrize("path", PRIVATE)
def test_without_a_session_nothing_is_told(path: str, stranger: Visitor) -> None:
    answer = stranger.get(path)
    assert answer.status == 401
    assert "hotfolder page" in answer.text


def test_an_address_opens_the_page_once(house: House, stranger: Visitor) -> None:
    address = house.daemon.page.ticket()
    parts = urlsplit(address)
    path = f"{parts.path}?{parts.query}"
    answer = stranger.get(path)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert answer.headers["referrer-policy"] == "no-referrer"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"hotfolder-{stranger.port}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    again = stranger.get(path)
    assert again.status == 401
    assert "set-cookie" not in again.headers
    assert stranger.get("/api/status", Cookie=cookie.partition(";")[0]).status == 200


@pytest.mark.parametrize("ticket", ["", "?ticket=", "?ticket=x", "?ticket=%ff%00", "?token=abc"])
def test_no_other_address_opens_it(ticket: str, stranger: Visitor) -> None:
    assert stranger.get(f"/enter{ticket}").status == 401


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_browsers_leave_the_usual_port_out(name: str) -> None:
    assert name in names_of("127.0.0.1", 80, ())
    assert name not in names_of("127.0.0.1", 8460, ())


def test_an_old_address_opens_nothing(house: House) -> None:
    visitor = opened(house.daemon.page)
    parts = urlsplit(house.daemon.page.ticket())
    house.let_pass(121)
    assert visitor.get(f"{parts.path}?{parts.query}").status == 401


def test_the_token_is_for_its_owner_alone_and_serves_scripts(house: House, stranger: Visitor) -> None:
    path = os.path.join(house.settings().state_dir, "page-token")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path, encoding="ascii") as file:
        token = file.read().strip()
    assert len(token) >= 43
    assert stranger.get("/api/status", Authorization=f"Bearer {token}").status == 200
    for wrong in (token[:-1], token + "x", "", "é", f"Basic {token}"):
        assert stranger.get("/api/status", Authorization=f"Bearer {wrong}").status == 401


def test_a_cookie_can_not_be_made_up(visitor: Visitor) -> None:
    name, _, value = visitor.headers["Cookie"].partition("=")
    until, chance, seal = value.split(".")
    for wrong in (
        f"{int(until) + 1}.{chance}.{seal}",
        f"{until}.{chance}x.{seal}",
        f"{until}.{chance}.{seal[:-2]}",
        f"{until}.{seal}",
        "",
        "..",
        "\xff",
    ):
        assert visitor.get("/api/status", Cookie=f"{name}={wrong}").status == 401
    assert visitor.get("/api/status", Cookie=f"hotfolder-1={value}").status == 401
    assert visitor.get("/api/status", Cookie=f"broken; a=b=c; \x01; {name}={value}").status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "evil.example:{port}", "", None])
def test_a_host_that_is_not_ours_is_refused(host: str | None, visitor: Visitor) -> None:
    sent = None if host is None else host.format(port=visitor.port)
    assert visitor.send("GET", "/", headers={"Host": sent}).status in {400, 421}


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:{port}"])
def test_every_loopback_name_is_ours(host: str, visitor: Visitor) -> None:
    assert visitor.send("GET", "/api/status", headers={"Host": host.format(port=visitor.port)}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_what_another_site_asks_for_is_refused(headers: dict[str, str], visitor: Visitor) -> None:
    assert visitor.send("GET", "/api/status", headers=headers).status == 403
    assert visitor.send("POST", "/pause", b"", headers=headers).status == 403


def test_every_answer_carries_the_policy(visitor: Visitor, stranger: Visitor) -> None:
    for answer in (visitor.get("/api/status"), visitor.get("/nowhere"), stranger.get("/"), stranger.get("/enter")):
        policy = dict(part.split(None, 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert not set(policy.values()) - {"'none'", "'self'"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_the_key_is_in_no_answer(visitor: Visitor) -> None:
    for path in ("/", "/api/status", "/api/jobs"):
        assert KEY not in visitor.get(path).text
