"""A bare client of the sandbox: each call in one line, nothing retried, nothing hidden."""

from typing import Any, Self

import requests

from daemon.sandbox.server import Sandbox
from tests.support import wait_for

KEY = "apikey-test"


class Api:
    """Calls `sandbox` with `key`; outputs are fetched without it, as the API asks."""

    def __init__(self, sandbox: Sandbox, key: str | None = KEY) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        if key is not None:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.sandbox.url + path, timeout=20, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(self.sandbox.url + path, timeout=20, **options)

    def upload(self, data: bytes, name: str = "cat.jpg") -> requests.Response:
        return self.post("/api/v1/model/uploadMedia", files={"file": (name, data)})

    def uploaded(self, data: bytes, name: str = "cat.jpg") -> str:
        url: str = self.upload(data, name).json()["data"]["download_url"]
        return url

    def submit(self, kind: str = "Image", **body: Any) -> requests.Response:
        return self.post(f"/api/v1/model/generate{kind}", json={"model": "sandbox/echo", **body})

    def submitted(self, kind: str = "Image", **body: Any) -> str:
        answer = self.submit(kind, **body)
        assert answer.status_code == 200, answer.text
        identity: str = answer.json()["data"]["id"]
        return identity

    def poll(self, identity: str) -> requests.Response:
        return self.get(f"/api/v1/model/prediction/{identity}")

    def finished(self, identity: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            view: dict[str, Any] = self.poll(identity).json()["data"]
            return view if view["status"] in ("completed", "failed") else None

        view = wait_for(over, 30, "the prediction's end")
        assert view is not None
        return view

    def result(self, kind: str = "Image", **body: Any) -> bytes:
        """Submit, wait, and give the bytes of the first output."""
        return self.download(self.finished(self.submitted(kind, **body))["outputs"][0]).content

    def download(self, url: str) -> requests.Response:
        session = requests.Session()
        session.trust_env = False
        with session:
            return session.get(url, timeout=20, allow_redirects=False)
