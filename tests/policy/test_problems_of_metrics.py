"""What a person can get wrong about where metrics are given."""

from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.metrics import Listen, Loopback, OnSocket
from route_switcher.policy.load import load_text
from support.told import check, with_uplink

NEITHER = "is neither unix nor an address with a port"
ELSEWHERE = "can be reached from elsewhere: metrics are for this machine only"
HINT = "write 127.0.0.1:9000, or unix for a Unix socket"
HINT_IPV6 = "write '[::1]:9000', or unix for a Unix socket"


def written(listen: str, problem: str, hint: str) -> tuple[str, list[str]]:
    """A policy that writes this, in quotes."""
    text = f"metrics: {{listen: '{listen}'}}\n"
    place = f"5:19-{21 + len(listen)}"
    return with_uplink(text), [f"{place} bad-listen: '{listen}' {problem}", hint]


METRICS = {
    "nothing": (
        with_uplink("metrics: {}\n"),
        [
            "5:1-8 missing-key: a mapping of where metrics are given needs the key 'listen'",
            "write for example 'listen: 127.0.0.1:9000'",
        ],
    ),
    "true": (
        with_uplink("metrics: true\n"),
        [
            "5:10-14 bad-value: true is not a mapping of where metrics are given",
            "write for example {listen: 127.0.0.1:9000}",
        ],
    ),
    "a port alone": (
        with_uplink("metrics: {listen: 9000}\n"),
        [
            "5:19-23 bad-value: 9000 is not a place where metrics are given",
            "write unix for a Unix socket in the runtime directory, beside the control socket and"
            " for the same users, or an address and a port that only this machine reaches, such as"
            " 127.0.0.1:9000 or '[::1]:9000'",
        ],
    ),
    "a port as text": written("9100", NEITHER, HINT.replace("9000", "9100")),
    "a port after a colon": written(":9100", NEITHER, HINT.replace("9000", "9100")),
    "every address": written("0.0.0.0:9000", ELSEWHERE, HINT),
    "every IPv6 address": written("[::]:9000", ELSEWHERE, HINT_IPV6),
    "an address of the LAN": written("192.168.1.1:9000", ELSEWHERE, HINT),
    "an IPv4 address as one of IPv6": written("[::ffff:127.0.0.1]:9000", ELSEWHERE, HINT_IPV6),
    "an address without a port": written("127.0.0.1", NEITHER, HINT),
    "an IPv6 address without brackets": written("::1:9000", NEITHER, HINT_IPV6),
    "a name": written("localhost:9000", NEITHER, HINT),
    "a path": written("/run/metrics.sock", NEITHER, HINT),
    "a URL": written("http://127.0.0.1:9000/metrics", NEITHER, HINT),
    "port 0": written("127.0.0.1:0", NEITHER, HINT),
    "a port that is none": written("127.0.0.1:65536", "has a port above 65535", HINT),
    "digits of another script": written("127.0.0.1:٩٠٠٠", NEITHER, HINT),
    "an interface": written("[::1%lo]:9000", NEITHER, HINT_IPV6),
    "UNIX": written("UNIX", NEITHER, HINT),
}


@pytest.mark.parametrize("case", METRICS.values(), ids=METRICS)
def test_each_is_told_with_its_place(case: tuple[str, list[str]]) -> None:
    check(*case)


SOUND: dict[str, Listen] = {
    "unix": OnSocket.UNIX,
    "127.0.0.1:9000": Loopback(ip_address("127.0.0.1"), 9000),
    "127.8.0.1:65535": Loopback(ip_address("127.8.0.1"), 65535),
    "'[::1]:9000'": Loopback(ip_address("::1"), 9000),
    "'[0:0:0:0:0:0:0:1]:1'": Loopback(ip_address("::1"), 1),
}


@pytest.mark.parametrize("text", SOUND)
def test_it_is_read(text: str) -> None:
    assert load_text(with_uplink(f"metrics: {{listen: {text}}}\n"), "it").metrics == SOUND[text]


@pytest.mark.parametrize("text", ["127.0.0.1:9000", "[::1]:9000"])
def test_a_port_is_said_as_it_is_written(text: str) -> None:
    policy = load_text(with_uplink(f"metrics: {{listen: '{text}'}}\n"), "it")
    assert str(policy.metrics) == text


def test_left_out_it_is_nowhere() -> None:
    assert load_text(with_uplink(""), "it").metrics is None
