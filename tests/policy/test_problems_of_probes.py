"""What a person can get wrong about probes."""

import pytest

from route_switcher.policy.checks.registry import CHECKS
from route_switcher.policy.load import load_text
from support.told import DURATION_HINT, GATEWAY_HINT, TARGET_HINT, check, with_uplink

QUORUM_HINT = "write any, all, or a number: how many targets must answer"


def a_probe(**keys: str) -> str:
    """A policy whose line 6 is one probe, its keys beginning in column 7."""
    inner = ", ".join(
        f"{key}: {value}" for key, value in ({"type": "icmp"} | keys).items() if value
    )
    return with_uplink(f"probes:\n  p: {{{inner}}}\n")


PROBE = {
    "no type": (
        a_probe(type="", interval="1s"),
        ["6:3-4 missing-key: a probe needs the key 'type'", "write for example 'type: icmp'"],
    ),
    "a type that is not known": (
        a_probe(type="pigeon"),
        ["6:13-19 bad-value: 'pigeon' is not a type of probe", f"write {' or '.join(CHECKS)}"],
    ),
    "a misspelt type": (
        a_probe(type="ICPM"),
        ["6:13-17 bad-value: 'ICPM' is not a type of probe", "did you mean 'icmp'?"],
    ),
    "nothing of an unknown type is judged": (
        a_probe(type="owl", interval="soon", targets="[nowhere]"),
        ["6:13-16 bad-value: 'owl' is not a type of probe", f"write {' or '.join(CHECKS)}"],
    ),
    "no probe": (
        with_uplink("probes:\n  p:\n"),
        [
            "6:3-4 empty: a probe is expected here",
            "write for example {type: icmp, targets: [8.8.8.8, 1.1.1.1]}",
        ],
    ),
    "keys that are not known": (
        a_probe(intervall="1s", patience="2"),
        [
            "6:19-28 unknown-key: unknown key 'intervall'",
            "did you mean 'interval'?",
            "6:34-42 unknown-key: unknown key 'patience'",
            "the keys known here: type, size, targets, resolver, quorum, uplinks,"
            " interval, timeout, fast_interval, down_interval, standby_interval",
        ],
    ),
    "no targets": (
        a_probe(targets="[]"),
        ["6:28-30 bad-value: [] is not a list of targets", "write for example [8.8.8.8, 1.1.1.1]"],
    ),
    "a target that is no list": (
        a_probe(targets="8.8.8.8"),
        [
            "6:28-35 bad-value: '8.8.8.8' is not a list of targets",
            "write [8.8.8.8]",
        ],
    ),
    "bad targets, each": (
        a_probe(targets="[8.8.8.8, 8.8.8.8, example, 224.0.0.1, 5, 1.1]"),
        [
            "6:38-45 duplicate-target: the target '8.8.8.8' is here twice",
            "remove it: a target is asked once in a round",
            "6:47-54 bad-value: 'example' is not a target",
            TARGET_HINT,
            "6:56-65 bad-address: '224.0.0.1' is a multicast address, not one host",
            "write the address or name of a host that answers pings",
            "6:67-68 bad-value: 5 is not a target",
            TARGET_HINT,
            "6:70-73 bad-address: '1.1' is not an IP address",
            "write the address or name of a host that answers pings",
        ],
    ),
    "names that cannot be": (
        a_probe(targets="[-a.example, a..example, a_b.example, example.com., EXAMPLE.com]"),
        [
            "6:29-39 bad-address: '-a.example' is not an IP address",
            "write the address or name of a host that answers pings",
            "6:41-51 bad-value: 'a..example' is not a target",
            TARGET_HINT,
            "6:80-91 duplicate-target: the target 'EXAMPLE.com' is here twice",
            "remove it: a target is asked once in a round",
        ],
    ),
    "a resolver on this machine": (
        a_probe(targets="[a.example]", resolver="127.0.0.53"),
        [
            "6:51-61 bad-address: '127.0.0.53' is a loopback address, this machine itself",
            "write the address of a DNS resolver on another machine, such as 9.9.9.9",
        ],
    ),
    "a resolver of a family without an uplink": (
        a_probe(targets="[a.example]", resolver="2620:fe::fe"),
        [
            "6:41-49 wrong-family: there is no IPv4 resolver for the IPv4 uplink 'a'",
            "write a list with one for each family, such as [9.9.9.9, 2620:fe::fe]",
        ],
    ),
    "a resolver and nothing to look up": (
        a_probe(targets="[192.0.2.7]", resolver="[9.9.9.9]"),
        [
            "6:41-49 unused-resolver: no target of this probe is a name, so nothing is looked up",
            "remove 'resolver', or write a target by its name",
        ],
    ),
    "one target written in two ways": (
        """\
        version: 1
        uplinks: {a: {interface: eth0, gateway: fe80::1}}
        probes: {p: {type: icmp, targets: [2001:db8::1, 2001:DB8:0::1]}}
        """,
        [
            "3:49-62 duplicate-target: the target '2001:DB8:0::1' is here twice",
            "remove it: a target is asked once in a round",
        ],
    ),
    "a target of a family without an uplink": (
        a_probe(targets="[8.8.8.8, 2001:db8::1]"),
        [
            "6:38-49 wrong-family: '2001:db8::1' is an IPv6 target, and no uplink is IPv6",
            "remove it, or add an uplink with a gateway of that family",
        ],
    ),
    "a family without a target": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: 192.0.2.1}
          b: {interface: eth0, gateway: fe80::1}
        probes:
          p: {type: icmp, targets: [8.8.8.8]}
        """,
        [
            "6:19-26 wrong-family: there is no IPv6 target for the IPv6 uplink 'b'",
            "add one, for example 2001:4860:4860::8888",
        ],
    ),
    "families are not judged beside an unknown one": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: isp}
        probes:
          p: {type: icmp, targets: [2001:db8::1]}
        """,
        ["3:33-36 bad-value: 'isp' is not a gateway", GATEWAY_HINT],
    ),
    "quorum 0": (
        a_probe(quorum="0"),
        ["6:27-28 bad-value: 0 is not a quorum", QUORUM_HINT],
    ),
    "a misspelt quorum": (
        a_probe(quorum="al"),
        ["6:27-29 bad-value: 'al' is not a quorum", "did you mean 'all'?"],
    ),
    "a list as quorum": (
        a_probe(quorum="[any]"),
        ["6:27-32 bad-value: this list is not a quorum", QUORUM_HINT],
    ),
    "a quorum that no round can reach": (
        a_probe(targets="[8.8.8.8, 1.1.1.1]", quorum="3"),
        [
            "6:56-57 quorum-above-targets: 3 is more than there are IPv4 targets (2)",
            "write all, or at most 2, or add targets",
        ],
    ),
    "a quorum above the default target": (
        a_probe(quorum="2"),
        [
            "6:27-28 quorum-above-targets: 2 is more than there are IPv4 targets (1)",
            "write all, or at most 1, or add targets",
        ],
    ),
    "a time without its unit": (
        a_probe(interval="1"),
        ["6:29-30 bad-value: 1 is not a duration", "a unit is missing: write 1s"],
    ),
    "a unit that is not known": (
        a_probe(interval="1sec"),
        ["6:29-33 bad-value: '1sec' is not a duration", "write 1s"],
    ),
    "an interval too short": (
        a_probe(interval="9ms", timeout="10ms"),
        ["6:29-32 out-of-range: 9ms is no interval", "write 10ms to 1h"],
    ),
    "an interval too long": (
        a_probe(interval="61m"),
        ["6:29-32 out-of-range: 61m is no interval", "write 10ms to 1h"],
    ),
    "a timeout too short": (
        a_probe(timeout="0s"),
        ["6:28-30 out-of-range: 0s is no timeout", "write 10ms to 1h"],
    ),
    "a timeout above the interval": (
        a_probe(interval="500ms", timeout="501ms"),
        [
            "6:45-50 timeout-above-interval: the timeout 501ms is longer than the interval 500ms",
            "rounds must not overlap: write at most 500ms, or a longer interval",
        ],
    ),
    "a fast interval above the interval": (
        a_probe(interval="1s", fast_interval="2s", timeout="1s"),
        [
            "6:48-50 fast-above-interval: the fast interval 2s is longer than the interval 1s",
            "a failure is confirmed faster, not slower: write at most 1s",
        ],
    ),
    "a timeout above the fast interval": (
        a_probe(timeout="1s", fast_interval="250ms"),
        [
            "6:28-30 timeout-above-interval: the timeout 1s is longer than the fast interval 250ms",
            "rounds must not overlap: write at most 250ms, or a longer fast interval",
        ],
    ),
    "slower speeds that are faster": (
        a_probe(interval="2s", down_interval="1s", standby_interval="500ms"),
        [
            "6:48-50 slow-below-interval: the down interval 1s is shorter than the interval 2s",
            "a failed uplink is asked less often, not more: write at least 2s",
            "6:70-75 slow-below-interval: the standby interval 500ms is shorter than the"
            " interval 2s",
            "a standby uplink is asked less often, not more: write at least 2s",
        ],
    ),
    "slower speeds that are no speeds": (
        a_probe(down_interval="2h", standby_interval="soon"),
        [
            "6:34-36 out-of-range: 2h is no down interval",
            "write 10ms to 1h",
            "6:56-60 bad-value: 'soon' is not a duration",
            DURATION_HINT,
        ],
    ),
    "speeds are not judged beside an interval that is none": (
        a_probe(interval="9h", fast_interval="20s", down_interval="1s", timeout="30s"),
        ["6:29-31 out-of-range: 9h is no interval", "write 10ms to 1h"],
    ),
    "a timeout above the default interval": (
        a_probe(timeout="2s"),
        [
            "6:28-30 timeout-above-interval: the timeout 2s is longer than the interval 1s",
            "rounds must not overlap: write at most 1s, or a longer interval",
        ],
    ),
}


def a_page(url: str) -> str:
    return a_probe(type="http", url=url)


NOT_THE_URL = "write for example https://www.example.net/status"
HOSTLESS = "the host of the URL is neither a name with its domain nor an address"
URLS = {
    "http://user@a.example/": "a URL with a user or a password is not sent",
    "http://a.example/#x": "what follows '#' in a URL is never sent",
    "http://a.example:0/": "port 0 cannot be asked",
    "http://a.example:70000/": "this is no URL: port out of range 0-65535",
    "http://[2001:db8::1/": "this is no URL: invalid ipv6 url",
    "https://router/": HOSTLESS,
    "https:///x": HOSTLESS,
    "https://-a.example/": HOSTLESS,
    "https://127.0.0.1/": "'127.0.0.1' is a loopback address, this machine itself",
    "https://[::1]/": "'::1' is a loopback address, this machine itself",
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    end = 24 + len(url) + 2
    check(a_page(f"'{url}'"), [f"6:24-{end} bad-url: {URLS[url]}", NOT_THE_URL])


@pytest.mark.parametrize(
    ("url", "shown", "target"),
    [
        ("HTTPS://WWW.Example.net.:443", "https://www.example.net/", "www.example.net"),
        ("http://[2001:DB8::1]:8080/a?b=c", "http://[2001:db8::1]:8080/a?b=c", "2001:db8::1"),
        ("http://192.0.2.7/x", "http://192.0.2.7/x", "192.0.2.7"),
    ],
)
def test_a_url_is_its_own_target(url: str, shown: str, target: str) -> None:
    gateway = "fe80::1" if "2001" in url else "192.0.2.1"
    text = f"version: 1\nuplinks: {{a: {{interface: eth0, gateway: '{gateway}'}}}}\n"
    (probe,) = load_text(f"{text}probes: {{p: {{type: http, url: '{url}'}}}}\n", "it").probes
    assert probe.check.verb == f"asked for {shown}"
    assert [each.name for each in probe.targets] == [target]


@pytest.mark.parametrize("case", PROBE.values(), ids=PROBE)
def test_a_probe(case: tuple[str, list[str]]) -> None:
    check(*case)
