"""The sandbox as a server: its control calls, its end, its beginning, and what importing it costs."""

import hashlib
import os
import signal
import socket
import subprocess
import sys

import pytest
import requests

from daemon.sandbox.server import Sandbox
from tests.sandbox.client import Api
from tests.support import wait_for

SERVE = """
import sys
from daemon.sandbox.server import serve
serve(0, announce=lambda url: print(url, flush=True), predict_seconds=0.5, jitter=0.2)
"""


def test_settings_over_http(api: Api, sandbox: Sandbox) -> None:
    answer = api.post("/sandbox/settings", json={"balance": 3, "keys": ["a"], "form": "bare", "limit_mb": None})
    assert answer.json()["keys"] == ["a"]
    assert sandbox.balance == 3
    assert api.get("/sandbox/settings").json()["form"] == "bare"


@pytest.mark.parametrize(
    "values",
    [{"latency": -1}, {"latency": "x"}, {"jitter": True}, {"form": "odd"}, {"colour": 1}, {"keys": "a"}, [1]],
)
def test_wrong_settings_change_nothing(api: Api, sandbox: Sandbox, values: object) -> None:
    before = sandbox.settings
    answer = api.post("/sandbox/settings", json=values)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sandbox.settings == before


def test_faults_over_http(api: Api) -> None:
    order = {"call": "poll", "kind": "status", "code": 429, "count": None}
    assert api.post("/sandbox/faults", json=order).json()[0]["code"] == 429
    assert api.poll("x").status_code == 429
    assert api.post("/sandbox/faults", json={"kind": "status"}).status_code == 400
    assert api.session.delete(api.sandbox.url + "/sandbox/faults", timeout=20).json() == []
    assert api.poll("x").status_code == 404


def test_the_journal_over_http(api: Api, sandbox: Sandbox) -> None:
    identity = api.submitted(prompt="a cat")
    api.poll(identity)
    submit, poll = api.get("/sandbox/journal").json()
    assert (submit["call"], submit["prompt"], submit["prediction_id"]) == ("submit", "a cat", identity)
    assert submit["headers"]["authorization"] == "Bearer sha256:" + hashlib.sha256(b"apikey-test").hexdigest()[:8]
    assert "apikey-test" not in api.get("/sandbox/journal").text
    assert (poll["call"], poll["status"], poll["seq"]) == ("poll", 200, 2)
    assert len(api.get("/sandbox/journal?call=poll").json()) == 1
    assert api.session.delete(sandbox.url + "/sandbox/journal", timeout=20).json() == []


def test_a_journal_that_is_off_stays_empty() -> None:
    with Sandbox(journal=False) as sandbox, Api(sandbox) as api:
        api.submitted()
        assert sandbox.journal() == []


def test_it_can_be_stopped_and_started_again_where_it_was(api: Api, sandbox: Sandbox) -> None:
    identity, url = api.submitted(), sandbox.url
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        api.poll(identity)
    sandbox.start()
    assert sandbox.url == url
    assert api.poll(identity).status_code == 200


def test_nobody_gets_its_port_while_it_is_stopped(sandbox: Sandbox) -> None:
    sandbox.stop()
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", sandbox.port))
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.1", sandbox.port))


def test_a_closed_one_leaves_its_port_to_others() -> None:
    with Sandbox() as sandbox:
        pass
    with Sandbox(port=sandbox.port) as next_one:
        assert next_one.port == sandbox.port


def test_a_port_that_is_taken_is_said(sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="Address already in use"), Sandbox(port=sandbox.port):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_on_a_signal_and_leaves_nothing(tmp_path: object, number: signal.Signals) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True, env=environ)
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert requests.get(url + "/api/v1/models", timeout=20).status_code == 200
        assert wait_for(lambda: os.listdir(str(tmp_path)))
        process.send_signal(number)
        assert process.wait(20) == 0
    assert os.listdir(str(tmp_path)) == []


def test_importing_the_package_imports_no_server() -> None:
    code = "import sys, daemon.sandbox; print([m for m in ('starlette', 'uvicorn', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
