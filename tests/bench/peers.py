"""What the daemon is measured against: the same four calls made bare with requests, and a bare watch.

Each runs as a process of its own, `python -m tests.bench.peers TASK …`, says `ready` once all is imported and
connected, then works for each line that it is sent and answers it with a line of JSON.
"""

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

_TIMEOUT = 60.0
_PIECE = 256 * 1024
#: Seconds without an event after which the best known document consumer takes a file for whole.
_QUIET = 5.0
_KEY = {"Authorization": "Bearer bench"}

Sessions = threading.local()
#: False: a session that looks for no proxies, no certificates and no .netrc, at the price of not honouring them.
READS_ENVIRONMENT = True
#: True: hash each source and each result, and bring the result's bytes to the disk, as the daemon does too.
CAREFUL = False


def _session() -> requests.Session:
    session: requests.Session | None = getattr(Sessions, "session", None)
    if session is None:
        session = Sessions.session = requests.Session()
        session.trust_env = READS_ENVIRONMENT
    return session


def four_calls(
    url: str,
    source: str,
    target: str,
    *,
    call: str = "generateImage",
    field: str = "image_url",
    pause: float = 0.0,
) -> None:
    """Upload, submit, poll until it is ready, download to a file: what a plain script would do for one file.

    `pause`: seconds before each question.
    """
    session = _session()
    with open(source, "rb") as file:
        if CAREFUL:
            hashlib.file_digest(file, "sha256")
            file.seek(0)
        answer = session.post(
            f"{url}/api/v1/model/uploadMedia", files={"file": file}, headers=_KEY, timeout=_TIMEOUT
        )
    media = answer.json()["data"]["download_url"]
    body = {"model": "sandbox/echo", "prompt": "", field: media}
    answer = session.post(f"{url}/api/v1/model/{call}", json=body, headers=_KEY, timeout=_TIMEOUT)
    prediction = answer.json()["data"]["id"]
    outputs: list[str] = []
    while not outputs:
        time.sleep(pause)
        answer = session.get(f"{url}/api/v1/model/prediction/{prediction}", headers=_KEY, timeout=_TIMEOUT)
        outputs = answer.json()["data"]["outputs"]
    with session.get(outputs[0], stream=True, timeout=_TIMEOUT) as result, open(f"{target}.part", "wb") as file:
        result.raise_for_status()
        file.writelines(_hashed(result.iter_content(_PIECE)) if CAREFUL else result.iter_content(_PIECE))
        if CAREFUL:
            file.flush()
            os.fsync(file.fileno())
    os.rename(f"{target}.part", target)


def _hashed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece


def _answer(work: Callable[..., None]) -> None:
    """Do `work` for each line (JSON: its arguments); answer with the seconds of wall and processor time."""
    print("ready", flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        work(*json.loads(line))
        took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps(took), flush=True)


def one(url: str) -> None:
    """Task `one`: each line names a source and a target."""
    requests.get(f"{url}/api/v1/models", timeout=_TIMEOUT)
    _answer(lambda source, target: four_calls(url, source, target))


def large(url: str) -> None:
    """Task `large`: as `one`, with a sound as input."""
    _answer(lambda source, target: four_calls(url, source, target, call="generateAudio", field="audio_url"))


def pile(url: str, threads: str, kind: str = "plain") -> None:
    """Task `pile`: each line names a directory of sources and one of targets. `kind`: plain, careful or hasty."""
    global READS_ENVIRONMENT, CAREFUL
    READS_ENVIRONMENT, CAREFUL = kind != "hasty", kind == "careful"
    polling(url, threads, "0")


def polling(url: str, threads: str, pause: str) -> None:
    """Task `polling`: as `pile`, with so many seconds before each question, as the vendor's clients wait."""
    with ThreadPoolExecutor(int(threads)) as pool:
        call = partial(four_calls, url, pause=float(pause))

        def work(sources: str, targets: str) -> None:
            def pairs() -> Iterator[tuple[str, str]]:
                for name in os.listdir(sources):
                    yield os.path.join(sources, name), os.path.join(targets, name)

            for done in [pool.submit(call, source, target) for source, target in pairs()]:
                done.result()

        _answer(work)


def quiet(url: str, watched: str, targets: str) -> None:
    """Task `quiet`: process each file of a directory once 5 s have passed since its last event."""
    seen: dict[str, float] = {}

    class Note(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if not event.is_directory and event.event_type in {"created", "modified", "closed"}:
                seen[str(event.src_path)] = time.monotonic()

    observer = Observer()
    observer.schedule(Note(), watched)
    observer.start()
    print("ready", flush=True)
    while True:
        for path, at in list(seen.items()):
            if time.monotonic() - at >= _QUIET:
                del seen[path]
                four_calls(url, path, os.path.join(targets, os.path.basename(path)))
        time.sleep(0.05)


def watch(directory: str) -> None:
    """Task `watch`: a bare watchdog observer on a directory, doing nothing."""
    observer = Observer()
    observer.schedule(FileSystemEventHandler(), directory, recursive=True)
    observer.start()
    _answer(lambda: None)


if __name__ == "__main__":
    tasks: dict[str, Callable[..., None]] = {
        "one": one,
        "large": large,
        "pile": pile,
        "polling": polling,
        "quiet": quiet,
        "watch": watch,
    }
    tasks[sys.argv[1]](*sys.argv[2:])
