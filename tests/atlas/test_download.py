"""Results from hosts that lie, stall, send elsewhere or give too much."""

import base64
import threading
import tracemalloc
import zlib

import pytest

from daemon.atlas.client import LONGEST_ANSWER, Client
from daemon.errors import OutputGone, RateLimited, Transient, Withheld
from tests.atlas.conftest import Connect
from tests.atlas.server import Script, Talk, says, serving

MB = 1_000_000


def fetch(client: Client, url: str, limit: int = 10 * MB) -> bytes:
    parts: list[bytes] = []
    client.download(url, parts.append, limit)
    return b"".join(parts)


def test_a_result_of_stated_length(connect: Connect) -> None:
    content = bytes(range(256)) * 4000
    with serving(says(content, 200, "Content-Type: Image/PNG; x=y")) as server:
        parts: list[bytes] = []
        fetched = connect(server.url).download(f"{server.url}/a.png?sig=1", parts.append, 10 * MB)
    assert b"".join(parts) == content
    assert (fetched.size, fetched.content_type, fetched.announced) == (len(content), "image/png", True)
    assert b"Authorization" not in server.requests[0]
    assert b"Accept-Encoding: identity" in server.requests[0]


def test_a_path_with_dots_is_resolved_as_browsers_do(connect: Connect) -> None:
    with serving(says(b"x", 200)) as server:
        fetch(connect(server.url), f"{server.url}/a/../b?c=%2F")
        assert server.requests[0].startswith(b"GET /b?c=%2F HTTP/1.1")


def test_a_chunked_result_that_ends_properly_is_whole(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
        talk.hang()

    with serving(script) as server:
        parts: list[bytes] = []
        fetched = connect(server.url).download(f"{server.url}/a", parts.append, MB)
    assert (b"".join(parts), fetched.announced) == (b"abcde", True)


def test_a_result_that_ends_with_its_connection_is_marked(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n\r\nabcde")

    with serving(script) as server:
        parts: list[bytes] = []
        fetched = connect(server.url).download(f"{server.url}/a", parts.append, MB)
    assert (b"".join(parts), fetched.announced) == (b"abcde", False)


def sends(head: bytes, body: bytes, *, drips: bool = False) -> Script:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)
        if drips:
            talk.drip()

    return script


@pytest.mark.parametrize(
    "script",
    [
        sends(b"Content-Length: 100", b"short"),
        sends(b"Transfer-Encoding: chunked", b"5\r\nabcde\r\n"),
        sends(b"Transfer-Encoding: chunked", b"zz\r\n"),
        sends(b"Content-Length: 100000", b"", drips=True),
        sends(b"Connection: close", b"", drips=True),
        says(b"", 500),
        says(b"", 206),
        says(b"", 302),
        says(b"", 304),
    ],
)
def test_what_breaks_off_is_fetched_again_later(connect: Connect, script: Script) -> None:
    with serving(script) as server, pytest.raises(Transient):
        fetch(connect(server.url, patience=0.5), f"{server.url}/a")


def test_bytes_behind_the_stated_length_are_not_part_of_a_result(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdefgh")
        talk.request()
        talk.answer(b"next")

    with serving(script, says(b"next")) as server:  # whether the connection is used again or not
        client = connect(server.url)
        assert fetch(client, f"{server.url}/a") == b"abc"
        assert fetch(client, f"{server.url}/b") == b"next"


def test_a_slow_result_that_moves_is_not_cut_off(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n")
        for _ in range(20):  # in all longer than the deadline of one step
            talk.send(b"x" * 100_000)
            talk.server.over.wait(0.2)

    with serving(script) as server:
        assert len(fetch(connect(server.url, patience=3.0), f"{server.url}/a")) == 2_000_000


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_result_that_is_gone(connect: Connect, status: int) -> None:
    with (
        serving(says(b"<Error>AccessDenied</Error>", status)) as server,
        pytest.raises(OutputGone, match="Denied"),
    ):
        fetch(connect(server.url), f"{server.url}/a")


def test_a_host_of_results_that_asks_for_a_pause(connect: Connect) -> None:
    with serving(says(b"", 503, "Retry-After: 9")) as server, pytest.raises(RateLimited) as caught:
        fetch(connect(server.url), f"{server.url}/a")
    assert caught.value.after == 9


def test_a_host_of_results_that_is_not_there_says_nothing_about_the_api(connect: Connect) -> None:
    with serving(says(b"")) as server:
        url = server.url
    with pytest.raises(Transient) as caught:
        fetch(connect(url), f"{url}/a")
    assert type(caught.value) is Transient
    assert not caught.value.counts


def test_what_is_too_large_by_its_own_words_is_not_begun(connect: Connect) -> None:
    written: list[bytes] = []
    with serving(says(b"x" * 1001)) as server, pytest.raises(Withheld, match="max_result_mb") as caught:
        connect(server.url).download(f"{server.url}/a", written.append, 1000)
    assert caught.value.code == "result_refused"
    assert written == []


def test_what_turns_out_too_large_is_stopped(connect: Connect) -> None:
    written: list[bytes] = []

    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
        talk.drip(b"x" * 100_000)

    with serving(script) as server, pytest.raises(Withheld):
        connect(server.url).download(f"{server.url}/a", written.append, 500_000)
    assert sum(map(len, written)) <= 500_000


def test_what_comes_compressed_is_refused(connect: Connect) -> None:
    with serving(says(b"x", 200, "Content-Encoding: gzip")) as server, pytest.raises(Withheld):
        fetch(connect(server.url), f"{server.url}/a")


def test_an_error_of_the_writer_is_the_writers_own(connect: Connect) -> None:
    def full(_piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    with serving(says(b"abc")) as server, pytest.raises(OSError, match="No space"):
        connect(server.url).download(f"{server.url}/a", full, MB)


def test_redirects_are_followed_without_the_key(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        while True:
            if talk.request().startswith(b"GET /a"):
                talk.answer({}, 302, "Location: b?x=%20y")
            else:
                talk.answer(b"there")

    with serving(script) as server:
        assert fetch(connect(server.url), f"{server.url}/a") == b"there"
    assert server.requests[1].startswith(b"GET /b?x=%20y ")
    assert all(b"Authorization" not in request for request in server.requests)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "http://example.com/x",
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://user:word@example.com/x",
        "https://example.com:port/x",
        "https:///x",
        "https://bücher.example/x",
        "data:text/plain,abc",
        "javascript:alert(1)",
    ],
)
def test_redirects_to_where_nothing_may_be_fetched_are_refused(connect: Connect, target: str) -> None:
    with serving(says({}, 302, f"Location: {target}")) as server, pytest.raises(Withheld) as caught:
        fetch(connect(server.url), f"{server.url}/a")
    assert caught.value.code == "result_refused"
    assert len(server.requests) == 1


def test_redirects_without_end_are_refused(connect: Connect) -> None:
    with serving(says({}, 302, "Location: /a")) as server, pytest.raises(Withheld):
        fetch(connect(server.url), f"{server.url}/a")
    assert len(server.requests) == 6


def test_a_name_that_leads_into_the_local_network_is_refused_before_a_byte_goes_out(connect: Connect) -> None:
    heard = []
    done = threading.Event()

    def script(talk: Talk) -> None:
        try:
            heard.append(talk.sock.recv(100))
        finally:
            done.set()

    with serving(script) as server:
        client = connect("https://api.example")  # not this machine: so nothing here may be asked
        with pytest.raises(Withheld, match=r"127\.0\.0\.1"):
            fetch(client, f"https://127.1:{server.port}/a")  # a name to URLs, an address to getaddrinfo(3)
        assert done.wait(10)
        for url in (server.url, f"https://localhost:{server.port}/a", f"https://127.0.0.1:{server.port}/a"):
            with pytest.raises(Withheld):
                fetch(client, url)
    assert heard == [b""]
    assert server.connections == 1


def test_data_addresses(connect: Connect) -> None:
    client = connect("https://api.example")
    content = bytes(range(256))
    urls = [
        "data:image/png;base64," + base64.b64encode(content).decode(),
        "data:image/png;base64," + base64.urlsafe_b64encode(content).decode().rstrip("="),
        "DATA:image/png," + "".join(f"%{byte:02x}" for byte in content),
    ]
    for url in urls:
        parts: list[bytes] = []
        fetched = client.download(url, parts.append, 256)
        assert b"".join(parts) == content
        assert (fetched.content_type, fetched.size, fetched.announced) == ("image/png", 256, True)
        with pytest.raises(Withheld):
            client.download(url, parts.append, 255)


@pytest.mark.parametrize("url", ["data:", "data:image/png;base64,&&&&", "data:image/png;base64,abcde"])
def test_data_addresses_that_cannot_be_decoded(connect: Connect, url: str) -> None:
    with pytest.raises(Withheld):
        fetch(connect("https://api.example"), url)


def test_an_answer_of_the_api_that_unpacks_without_end_is_not_unpacked_whole(connect: Connect) -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(8 * MB)
    bomb = b"".join(packer.compress(zeros) for _ in range(50)) + packer.flush()
    with serving(says(bomb, 200, "Content-Encoding: gzip")) as server:
        client = connect(server.url)
        tracemalloc.start()
        try:
            with pytest.raises(Withheld):
                client.prediction("p-1")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 3 * LONGEST_ANSWER
