"""The ways to the internet: TLS, certificates and proxies of the environment."""

import socket
import threading

import pytest

from daemon.errors import OutcomeUnknown, Unreachable
from tests.atlas.conftest import KEY, Connect
from tests.atlas.server import Script, Talk, says, serving

BALANCE = {"available": {"value": "1", "currency": "usd"}}


def test_tls_with_certificates_from_the_environment(
    connect: Connect, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])
    with serving(says(BALANCE), tls=certificate) as server:
        client = connect(server.url)
        client.balance()
        client.balance()
    assert server.connections == 1


def test_a_certificate_that_nobody_vouches_for(connect: Connect, certificate: tuple[str, str]) -> None:
    with serving(says(BALANCE), tls=certificate) as server, pytest.raises(Unreachable, match="certificate"):
        connect(server.url).submit("image", {})
    assert server.requests == []


def test_a_certificate_bundle_that_is_not_there(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", "/no/such/file")
    with pytest.raises(Unreachable, match="/no/such/file"):
        connect("https://127.0.0.1:9").balance()


def test_a_host_in_another_script_is_asked_for_in_ascii(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    with serving(script) as server:
        monkeypatch.setenv("https_proxy", server.url)
        with pytest.raises(Unreachable):
            connect("https://b\u00fccher.example/gateway").submit("image", {})
        assert server.requests[0].startswith(b"CONNECT xn--bcher-kva.example:443 HTTP/1.")


@pytest.mark.parametrize("answer", ["silence", "drip", "nonsense"])
def test_a_handshake_that_never_ends_proves_that_nothing_was_sent(connect: Connect, answer: str) -> None:
    def script(talk: Talk) -> None:
        if answer == "drip":
            talk.send(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")  # a long ServerHello begins
            talk.drip(b"\x00")
        elif answer == "nonsense":
            talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        else:
            talk.hang()

    with serving(script) as server, pytest.raises(Unreachable):
        connect(f"https://127.0.0.1:{server.port}", patience=0.5).submit("image", {})


def test_an_interrupted_tls_answer_leaves_a_submit_unknown(
    connect: Connect, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])

    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        talk.drip()

    with serving(script, tls=certificate) as server, pytest.raises(OutcomeUnknown):
        connect(server.url, patience=3.0).submit("image", {})


def test_a_proxy_of_the_environment_is_used(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says(BALANCE)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://user:word@127.0.0.1:{proxy.port}")
        connect("http://api.test").balance()
    assert proxy.requests[0].startswith(b"GET http://api.test/public/v1/balance HTTP/1.1")


def test_no_proxy_for_hosts_that_are_excepted_and_for_this_machine(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(says(BALANCE)) as proxy, serving(says(BALANCE)) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "api.invalid")
        connect(server.url).balance()
        with pytest.raises(Unreachable):
            connect("http://api.invalid").balance()
    assert (proxy.connections, server.connections) == (0, 1)


def tunnel(port: int) -> Script:
    """Make a script for a proxy that connects every tunnel to `port` of this machine."""

    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as inner:
            back = threading.Thread(target=pump, args=(inner, talk.sock))
            back.start()
            pump(talk.sock, inner)
            back.join()

    return script


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_a_tunnel_shows_the_proxy_neither_key_nor_request(
    connect: Connect, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])
    with serving(says(BALANCE), tls=certificate) as server, serving(tunnel(server.port)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://user:word@127.0.0.1:{proxy.port}")
        client = connect("https://api.test")
        client.balance()
        client.close()
    assert proxy.requests[0].startswith(b"CONNECT api.test:443")
    assert b"Proxy-Authorization: Basic" in proxy.requests[0]
    assert KEY.encode() not in proxy.requests[0]
    assert b"Proxy-Authorization" not in server.requests[0]
    assert KEY.encode() in server.requests[0]


def test_a_result_through_a_tunnel_carries_no_key(
    connect: Connect, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])
    parts: list[bytes] = []
    with serving(says(b"abc"), tls=certificate) as server, serving(tunnel(server.port)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        client = connect("https://api.example")
        client.download("https://api.test/a", parts.append, 100)
        client.close()
    assert parts == [b"abc"]
    assert b"Authorization" not in server.requests[0]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Who are you\r\n\r\n", b"", b"nonsense\r\n\r\n"])
def test_a_tunnel_that_is_refused_proves_that_nothing_was_sent(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(answer)

    with serving(script) as proxy:
        monkeypatch.setenv("https_proxy", f"http://user:word@127.0.0.1:{proxy.port}")
        with pytest.raises(Unreachable) as caught:
            connect("https://api.test").submit("image", {})
    assert "word" not in str(caught.value)


def test_a_socks_proxy_is_refused_in_words(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(Unreachable, match="SOCKS"):
        connect("https://api.test").balance()
