"""A client for each test, closed at its end, in an environment without proxies."""

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from daemon.atlas.client import Client
from daemon.atlas.exchange import Timeouts
from daemon.clock import Clock

KEY = "apikey-secret-1234"
Connect: TypeAlias = Callable[..., Client]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}:
            monkeypatch.delenv(name)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make clients: `connect(url)`, with `patience` seconds for everything and another key if need be."""
    made: list[Client] = []

    def make(url: str, patience: float = 10.0, key: str = KEY) -> Client:
        timeouts = Timeouts(connect=patience, answer=patience, submit=patience, stall=patience)
        client = Client(url, lambda: key, Clock(), timeouts=timeouts)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Make a self-signed certificate for 127.0.0.1 and api.test, and its key."""
    place = tmp_path_factory.mktemp("tls")
    cert, key = str(place / "cert.pem"), str(place / "key.pem")
    subject = ["-subj", "/CN=api.test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:api.test"]
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*new, "-days", "2", "-keyout", key, "-out", cert, *subject], check=True, capture_output=True)
    return cert, key
