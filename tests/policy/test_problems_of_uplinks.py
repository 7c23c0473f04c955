"""What a person can get wrong about uplinks."""

import pytest

from route_switcher.policy.load import load_text
from support.told import GATEWAY_HINT, NAME_HINT, ROUTER_HINT, check, told

INTERFACE_HINT = "an interface name has 1 to 15 bytes, without spaces, '/' and ':'"
METRIC_HINT = "a metric is a whole number from 1 to 100000"
APART_HINT = "metrics of a family lie less than 1000 apart"


def one_uplink(**keys: str) -> str:
    """A policy whose line 3 is one uplink, written on one line from column 3."""
    written = {"interface": "eth0", "gateway": "192.0.2.1"} | keys
    inner = ", ".join(f"{key}: {value}" for key, value in written.items() if value)
    return f"version: 1\nuplinks:\n  a: {{{inner}}}\n"


UPLINK = {
    "no gateway": (
        one_uplink(gateway=""),
        [
            "3:3-4 missing-key: an uplink needs the key 'gateway'",
            "write for example 'gateway: 192.168.1.1'",
        ],
    ),
    "a misspelt key, told once": (
        one_uplink(gateway="", gatway="192.0.2.1"),
        ["3:24-30 unknown-key: unknown key 'gatway'", "did you mean 'gateway'?"],
    ),
    "a gateway by name": (
        one_uplink(gateway="router.example"),
        ["3:33-47 bad-value: 'router.example' is not a gateway", GATEWAY_HINT],
    ),
    "a prefix": (
        one_uplink(gateway="192.0.2.1/24"),
        ["3:33-45 bad-value: '192.0.2.1/24' is not a gateway", "write 192.0.2.1 alone"],
    ),
    "a scope": (
        one_uplink(gateway="fe80::1%eth0"),
        ["3:33-45 bad-value: 'fe80::1%eth0' is not a gateway", "write fe80::1 alone"],
    ),
    "a number too large": (
        one_uplink(gateway="192.0.2.256"),
        ["3:33-44 bad-address: '192.0.2.256' is not an IP address", ROUTER_HINT],
    ),
    "unspecified": (
        one_uplink(gateway="0.0.0.0"),
        [
            "3:33-40 bad-address: '0.0.0.0' is the unspecified address, not a host",
            ROUTER_HINT,
        ],
    ),
    "this network": (
        one_uplink(gateway="0.1.2.3"),
        [
            "3:33-40 bad-address: '0.1.2.3' is the unspecified address, not a host",
            ROUTER_HINT,
        ],
    ),
    "loopback": (
        one_uplink(gateway="127.0.0.53"),
        [
            "3:33-43 bad-address: '127.0.0.53' is a loopback address, this machine itself",
            ROUTER_HINT,
        ],
    ),
    "multicast": (
        one_uplink(gateway="ff02::2"),
        ["3:33-40 bad-address: 'ff02::2' is a multicast address, not one host", ROUTER_HINT],
    ),
    "broadcast": (
        one_uplink(gateway="255.255.255.255"),
        [
            "3:33-48 bad-address: '255.255.255.255' is the broadcast address, not one host",
            ROUTER_HINT,
        ],
    ),
    "IPv4 in IPv6 form": (
        one_uplink(gateway="'::ffff:192.0.2.1'"),
        [
            "3:33-51 bad-address: '::ffff:192.0.2.1' is an IPv4 address in IPv6 form",
            "write 192.0.2.1 alone",
        ],
    ),
    "a slash": (
        one_uplink(interface="a/b"),
        ["3:18-21 bad-value: 'a/b' is not an interface name", INTERFACE_HINT],
    ),
    "a space": (
        one_uplink(interface="eth 0"),
        ["3:18-23 bad-value: 'eth 0' is not an interface name", INTERFACE_HINT],
    ),
    "a line break": (
        one_uplink(interface='"eth0\\n"'),
        ["3:18-26 bad-value: 'eth0\\n' is not an interface name", "write eth0, without spaces"],
    ),
    "dots": (
        one_uplink(interface=".."),
        ["3:18-20 bad-value: '..' is not an interface name", INTERFACE_HINT],
    ),
    "16 letters": (
        one_uplink(interface="a234567890123456"),
        ["3:18-34 bad-value: 'a234567890123456' is not an interface name", INTERFACE_HINT],
    ),
    "14 letters that are 16 bytes": (
        one_uplink(interface="büro-überall-1"),
        [
            "3:18-32 bad-value: 'büro-überall-1' has 16 bytes",
            "the kernel allows 15 bytes in an interface name",
        ],
    ),
    "half a character": (
        one_uplink(interface='"\\uD83D"'),
        [
            "3:18-26 bad-character: '\\ud83d' has half a character, which is not allowed",
            r"an escape such as \U0001F600 names a whole one",
        ],
    ),
    "a number as interface": (
        one_uplink(interface="0"),
        [
            "3:18-19 bad-value: 0 is not an interface name",
            "put it in quotes to make it text: '0'",
        ],
    ),
    "metric 0": (
        one_uplink(metric="0"),
        ["3:52-53 bad-value: 0 is not a metric", METRIC_HINT],
    ),
    "metric 0 over IPv6": (
        one_uplink(gateway="fe80::1", metric="0"),
        ["3:50-51 bad-value: 0 is not a metric", METRIC_HINT],
    ),
    "a metric too large": (
        one_uplink(metric="100001"),
        ["3:52-58 bad-value: 100001 is not a metric", METRIC_HINT],
    ),
    "a fraction": (
        one_uplink(metric="1.5"),
        ["3:52-55 bad-value: '1.5' is not a metric", METRIC_HINT],
    ),
    "a zero in front": (
        one_uplink(metric="010"),
        ["3:52-55 bad-value: '010' is not a metric", METRIC_HINT],
    ),
    "truth": (
        one_uplink(metric="true"),
        ["3:52-56 bad-value: true is not a metric", METRIC_HINT],
    ),
    "a number in quotes": (
        one_uplink(metric='"10"'),
        ["3:52-56 bad-value: '10' is not a metric", "write 10, without quotes"],
    ),
    "the metric of router advertisements": (
        one_uplink(gateway="fe80::1", metric="1024"),
        [
            "3:50-54 metric-collision: the metric 1024 is that of IPv6 router advertisements",
            "write another metric",
        ],
    ),
    "the metric of router advertisements after demotion": (
        one_uplink(gateway="fe80::1", metric="24"),
        [
            "3:50-52 metric-collision: the metric 24 is 1024 while demoted,"
            " that of IPv6 router advertisements",
            "write another metric",
        ],
    ),
}


@pytest.mark.parametrize("case", UPLINK.values(), ids=UPLINK)
def test_an_uplink(case: tuple[str, list[str]]) -> None:
    check(*case)


def metrics(*values: str, gateway: str = "192.0.2.1") -> str:
    """A policy with an uplink `u0` in line 3 and so on, each with its metric in column 51."""
    lines = (
        f"  u{i}: {{interface: e{i}, gateway: {gateway}{', metric: ' * bool(v)}{v}}}\n"
        for i, v in enumerate(values)
    )
    return f"version: 1\nuplinks:\n{''.join(lines)}"


UPLINKS = {
    "names": (
        """\
        version: 1
        uplinks:
          my uplink: {interface: eth0, gateway: 192.0.2.1}
          -x: {interface: eth1, gateway: 192.0.2.1}
          "a\\n": {interface: eth2, gateway: 192.0.2.1}
          a23456789012345678901234567890123: {interface: eth2, gateway: 192.0.2.1}
        """,
        [
            "3:3-12 bad-value: 'my uplink' is not a name",
            NAME_HINT,
            "4:3-5 bad-value: '-x' is not a name",
            NAME_HINT,
            "5:3-8 bad-value: 'a\\n' is not a name",
            NAME_HINT,
            "6:3-36 bad-value: 'a23456789012345678901234567890123' is not a name",
            NAME_HINT,
        ],
    ),
    "two of a family on an interface": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: 192.0.2.1}
          b: {interface: eth0, gateway: 192.0.2.2}
        """,
        [
            "4:18-22 duplicate-interface: 'eth0' carries the IPv4 uplink 'a' already",
            "an interface carries one uplink of each family: remove one, or name another interface",
        ],
    ),
    "metrics that collide or fall": (
        metrics("10", "10", "5"),
        [
            "4:51-53 metric-collision: the metric 10 is that of the uplink 'u0' already",
            "metrics rise in order of preference: write 11 or more",
            "5:51-52 metric-order: the metric 5 is below 10, that of the preferred uplink 'u0'",
            "metrics rise in order of preference: write 11 or more, or put this uplink first",
        ],
    ),
    "metrics that collide after demotion": (
        metrics("10", "1010"),
        [
            "4:51-55 metric-collision: the metric 1010 is that of the uplink 'u0' while demoted"
            " (10 + 1000)",
            APART_HINT,
        ],
    ),
    "metrics too far apart": (
        metrics("10", "1500"),
        [
            "4:51-55 metric-order: the metric 1500 is above 1010, that of the uplink 'u0'"
            " while demoted: the kernel would still prefer it",
            APART_HINT,
        ],
    ),
    "a default metric that falls": (
        metrics("100", ""),
        [
            "4:3-5 metric-order: the default metric 20 is below 100,"
            " that of the preferred uplink 'u0'",
            "metrics rise in order of preference: write 101 or more, or put this uplink first",
        ],
    ),
    "metrics of IPv6": (
        metrics("10", "10", gateway="fe80:0::1"),
        [
            "4:51-53 metric-collision: the metric 10 is that of the uplink 'u0' already",
            "metrics rise in order of preference: write 11 or more",
        ],
    ),
    "a default metric is not judged beside an unknown family": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: isp, metric: 50}
          b: {interface: eth1, gateway: 192.0.2.2}
        """,
        ["3:33-36 bad-value: 'isp' is not a gateway", GATEWAY_HINT],
    ),
}


@pytest.mark.parametrize("case", UPLINKS.values(), ids=UPLINKS)
def test_the_uplinks_together(case: tuple[str, list[str]]) -> None:
    check(*case)


@pytest.mark.parametrize("metric", [24, 1024])
@pytest.mark.parametrize("table", ["own", "300"])
def test_no_router_advertisement_stands_in_a_table_of_our_own(metric: int, table: str) -> None:
    text = one_uplink(gateway="fe80::1", metric=str(metric))
    assert told(text)
    (uplink,) = load_text(f"{text}routes: {{table: {table}}}\n", "it").uplinks
    assert uplink.metric == metric
