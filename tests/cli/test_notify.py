"""Messages to people, through the real command and a real daemon."""

import os
import signal

from tests.cli.house import House
from tests.notify.receiver import Receiver, receiving
from tests.support import wait_for


def told(receiver: Receiver, words: str) -> None:
    wait_for(lambda: words in receiver.text, 40, f"a message with {words!r}")


def test_a_test_message_says_which_address_took_it(house: House) -> None:
    assert "no address is configured" in house.run("notify", code=2).stderr
    with receiving() as receiver:
        said = house.run("notify", HOTFOLDER_NOTIFY_URLS=receiver.url).stdout
        assert said == "number 1 (JSON): took the message\n"
        assert receiver.titles[0].endswith("a test")
        receiver.status = 500
        said = house.run("notify", code=1, HOTFOLDER_NOTIFY_URLS=f"{receiver.url} nosuch://token").stdout
        assert said.splitlines()[0] == "number 1 (JSON): did not take it"
        assert "number 2 is no address" in said
        assert "token" not in said


def test_check_tells_of_an_address_that_is_none_and_sends_nothing(house: House) -> None:
    with receiving() as receiver:
        urls = f"{receiver.url} nosuch://token"
        said = house.run("check", code=2, HOTFOLDER_NOTIFY_URLS=urls).stdout
    assert "messages go to number 1 (JSON)" in said
    assert "number 2 is no address" in said
    assert "token" not in said
    assert not receiver.asked


def test_a_run_that_ends_tells_first_what_failed(house: House) -> None:
    for name in ("a.png", "b.png", "c.png"):
        house.write(f"inbox/oil/{name}", "a text of some length, and no picture at all")
    with receiving() as receiver:
        said = house.run("run", "--once", "-v", code=1, HOTFOLDER_NOTIFY_URLS=receiver.url).stderr
        assert len(receiver.got) == 1
    assert "3 files failed in oil" in receiver.titles[0]
    assert "token-of-the-tests" not in said


def test_a_daemon_tells_what_failed_and_that_the_key_is_refused(house: House) -> None:
    house.sandbox.set(keys=["another"])
    with receiving() as receiver:
        path = house.write("urls", f"# a phone\n{receiver.url}\n")
        os.chmod(path, 0o600)
        house.write("hotfolder.toml", house.text() + '\n[notify]\nurls_file = "urls"\n')
        house.write("inbox/oil/broken.png", "a text of some length, and no picture at all")
        house.drop("red.png")
        process = house.start("run", ATLASCLOUD_API_KEY="apikey-that-is-refused")
        try:
            told(receiver, "1 file failed in oil")
            told(receiver, "key")
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "token-of-the-tests" not in err
    assert "apikey-that-is-refused" not in receiver.text
    assert sum("failed in oil" in title for title in receiver.titles) <= 1
