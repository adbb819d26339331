"""Who looks at the page: over plain HTTP, as a browser would, and as nobody should."""

import contextlib
import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from daemon.web.door import Door
from tests.support import wait_for


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in small letters
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(slots=True)
class Visitor:
    """Sends requests to the page at `port`; `headers` go with each, those of a call win, None leaves one out."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        merged = {"Host": f"127.0.0.1:{self.port}", **self.headers, **(headers or {})}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in merged.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read())

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.send("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def enter(self, address: str) -> None:
        """Open the page by an address of `hotfolder page`, and keep the cookie."""
        parts = urlsplit(address)
        answer = self.send("GET", f"{parts.path}?{parts.query}")
        assert (answer.status, answer.headers["location"]) == (303, "/"), answer
        self.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        """Send a form, with the token that the page's forms carry."""
        token = re.search(r'name="token" value="([^"]+)"', self.get("/").text)
        body = urlencode({**({"token": token[1]} if token else {}), **fields}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        return self.send("POST", path, body, {**kind, **(headers or {})})


def opened(page: Door) -> Visitor:
    """Wait until the page is served; give a visitor who has not entered."""
    page.open()
    address = wait_for(lambda: page.fields()["address"], 20, f"the page: {page.fields()}")
    return Visitor(urlsplit(str(address)).port or 0)


@contextlib.contextmanager
def entered(page: Door) -> Iterator[Visitor]:
    visitor = opened(page)
    visitor.enter(page.ticket())
    yield visitor
