"""Which addresses may be fetched from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.atlas.addresses import is_loopback, peer_refusal, refusal


@pytest.mark.parametrize(
    "peer", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public_addresses(peer: str) -> None:
    assert peer_refusal(peer, loopback=False) is None


@pytest.mark.parametrize(
    "peer",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "nonsense",
    ],
)
def test_other_addresses(peer: str) -> None:
    assert peer_refusal(peer, loopback=False) is not None


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost.", "a.localhost", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)
    place = f"[{host}]" if ":" in host else host
    assert refusal(f"http://{place}:8000/x", loopback=True) is None
    assert refusal(f"https://{place}:8000/x", loopback=False) is not None


def test_an_api_on_this_machine_opens_no_other_one() -> None:
    assert refusal("http://example.com/x", loopback=True) is not None
    assert refusal("https://192.168.0.1/x", loopback=True) is not None
    assert peer_refusal("192.168.0.1", loopback=True) is not None
    assert refusal("https://example.com/x?a=b#c", loopback=True) is None


@given(st.text())
def test_whatever_comes_gets_an_answer(url: str) -> None:
    refusal(url, loopback=False)
    refusal("https://" + url, loopback=True)
