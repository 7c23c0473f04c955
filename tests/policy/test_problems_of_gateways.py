"""What a person can get wrong about gateways and families."""

import pytest

from support.told import (
    ABSENT_GATEWAY_HINT,
    AUTO_HINT,
    GATEWAY_HINT,
    NONE_HINT,
    ROUTER_HINT,
    check,
    told,
)


def uplink(keys: str) -> str:
    """A policy whose line 3 is one uplink with these keys from column 24."""
    return f"version: 1\nuplinks:\n  a: {{interface: eth0, {keys}}}\n"


FAMILY_HINT = "write ipv4 or ipv6"
REMOVE_FAMILIES = "remove 'families': the mapping of gateways says which families there are"

GATEWAY = {
    "nothing": (
        uplink("gateway: "),
        ["3:24-31 empty: a gateway is expected here", ABSENT_GATEWAY_HINT],
    ),
    "null": (
        uplink("gateway: null"),
        ["3:33-37 empty: a gateway is expected here", ABSENT_GATEWAY_HINT],
    ),
    "empty text": (
        uplink('gateway: ""'),
        ["3:33-35 bad-value: '' is not a gateway", ABSENT_GATEWAY_HINT],
    ),
    "false": (
        uplink("gateway: false"),
        ["3:33-38 bad-value: false is not a gateway", NONE_HINT],
    ),
    "a list of gateways": (
        uplink("gateway: [192.0.2.1, auto]"),
        [
            "3:33-50 bad-value: this list is not a gateway",
            "write one address, or one for each family: {ipv4: ADDRESS, ipv6: ADDRESS}",
        ],
    ),
    "an empty mapping of gateways": (
        uplink("gateway: {}"),
        [
            "3:33-35 bad-value: {} is not a mapping of gateways",
            "write for example {ipv4: auto, ipv6: auto}",
        ],
    ),
    "a family by another name": (
        uplink("gateway: {ipv4: auto, IPv6: none}"),
        ["3:46-50 unknown-key: unknown key 'IPv6'", "did you mean 'ipv6'?"],
    ),
    "each gateway of a mapping": (
        uplink("gateway: {ipv4: dhcp, ipv6: }"),
        [
            "3:40-44 bad-value: 'dhcp' is not a gateway",
            AUTO_HINT,
            "3:46-50 empty: a gateway is expected here",
            ABSENT_GATEWAY_HINT,
        ],
    ),
    "addresses of the other family": (
        uplink('gateway: {ipv4: "fe80::1", ipv6: 192.0.2.1}'),
        [
            "3:40-49 wrong-family: 'fe80::1' is an IPv6 address",
            "write an IPv4 address, auto or none",
            "3:57-66 wrong-family: '192.0.2.1' is an IPv4 address",
            "write an IPv6 address, auto or none",
        ],
    ),
    "an address that is no router's": (
        uplink("gateway: {ipv4: 0.0.0.0}"),
        [
            "3:40-47 bad-address: '0.0.0.0' is the unspecified address, not a host",
            ROUTER_HINT,
        ],
    ),
}

FAMILIES = {
    "one family without a list": (
        uplink("gateway: auto, families: ipv6"),
        ["3:49-53 bad-value: 'ipv6' is not a list of families", "write [ipv6]"],
    ),
    "a word for both families": (
        uplink("gateway: auto, families: both"),
        ["3:49-53 bad-value: 'both' is not a list of families", "write [ipv4, ipv6]"],
    ),
    "families as text": (
        uplink("gateway: auto, families: 'IPv4, inet6'"),
        ["3:49-62 bad-value: 'IPv4, inet6' is not a list of families", "write [ipv4, ipv6]"],
    ),
    "families that are anything else": (
        uplink("gateway: auto, families: {ipv4: true}"),
        [
            "3:49-61 bad-value: this mapping is not a list of families",
            "write for example [ipv4, ipv6]",
        ],
    ),
    "no family": (
        uplink("gateway: auto, families: []"),
        [
            "3:49-51 bad-value: [] is not a list of families",
            "write for example [ipv4, ipv6]",
        ],
    ),
    "families by other names": (
        uplink("gateway: auto, families: [4, inet6, IPv6, x]"),
        [
            "3:50-51 bad-value: 4 is not a family",
            "write ipv4",
            "3:53-58 bad-value: 'inet6' is not a family",
            "write ipv6",
            "3:60-64 bad-value: 'IPv6' is not a family",
            "did you mean 'ipv6'?",
            "3:66-67 bad-value: 'x' is not a family",
            FAMILY_HINT,
        ],
    ),
    "a family twice": (
        uplink("gateway: none, families: [ipv4, ipv6, ipv4]"),
        [
            "3:62-66 duplicate-family: the family 'ipv4' is here twice",
            "remove it: once is enough",
        ],
    ),
    "two families and a gateway of one": (
        uplink("gateway: 192.0.2.1, families: [ipv6, ipv4]"),
        [
            "3:54-66 wrong-family: the gateway 192.0.2.1 is of IPv4 alone, and 'families' says"
            " ipv4 and ipv6",
            "write 'gateway: {ipv4: 192.0.2.1, ipv6: auto}', or remove 'families'",
        ],
    ),
    "two families and an IPv6 gateway": (
        uplink("gateway: 'fe80::1', families: [ipv4, ipv6]"),
        [
            "3:54-66 wrong-family: the gateway fe80::1 is of IPv6 alone, and 'families' says"
            " ipv4 and ipv6",
            "write 'gateway: {ipv4: auto, ipv6: \"fe80::1\"}', or remove 'families'",
        ],
    ),
    "the other family": (
        uplink("gateway: 192.0.2.1, families: [ipv6]"),
        [
            "3:54-60 wrong-family: the gateway 192.0.2.1 is of IPv4 alone, and 'families' says"
            " ipv6",
            "remove 'families', or write an IPv6 gateway",
        ],
    ),
    "other families than the mapping has": (
        uplink("gateway: {ipv4: auto, ipv6: none}, families: [ipv4]"),
        [
            "3:69-75 wrong-family: 'gateway' says ipv4 and ipv6, and 'families' says ipv4",
            REMOVE_FAMILIES,
        ],
    ),
}

ONLINK = {
    "onlink and a gateway that is learned": (
        uplink("gateway: auto, onlink: true"),
        [
            "3:39-45 onlink-without-gateway: 'onlink' is about a gateway that is written, and"
            " this uplink has none",
            "remove it: for a learned gateway the engine copies it",
        ],
    ),
    "onlink and no gateway": (
        uplink("gateway: {ipv4: none, ipv6: none}, onlink: false"),
        [
            "3:59-65 onlink-without-gateway: 'onlink' is about a gateway that is written, and"
            " this uplink has none",
            "remove it: there is no gateway that could be on the link",
        ],
    ),
    "onlink that is neither true nor false": (
        uplink("gateway: 192.0.2.1, onlink: maybe"),
        ["3:52-57 bad-value: 'maybe' is not true or false", "write true or false"],
    ),
}

SEVERAL = {
    "an interface that has both families already is told of once": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: auto, families: [ipv4, ipv6]}
          b: {interface: eth0, gateway: auto, families: [ipv4, ipv6]}
        """,
        [
            "4:18-22 duplicate-interface: 'eth0' carries the IPv4 uplink 'a' already",
            "an interface carries one uplink of each family: remove one, or name another interface",
        ],
    ),
    "a metric of two families is told of once": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: auto, families: [ipv4, ipv6]}
          b: {interface: eth1, gateway: auto, families: [ipv4, ipv6], metric: 5}
        """,
        [
            "4:71-72 metric-order: the metric 5 is below 10, that of the preferred uplink 'a'",
            "metrics rise in order of preference: write 11 or more, or put this uplink first",
        ],
    ),
    "a probe asks in both families": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: auto, families: [ipv4, ipv6]}
        probes: {internet: {type: icmp, targets: [8.8.8.8]}}
        """,
        [
            "4:33-40 wrong-family: there is no IPv6 target for the IPv6 uplink 'a'",
            "add one, for example 2001:4860:4860::8888",
        ],
    ),
    "what is wrong with one uplink does not hide the next": (
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: auto, families: [ipv4, ipv4]}
          b: {interface: eth1, gateway: ppp}
          c: {interface: eth2, gateway: none, onlink: true}
        """,
        [
            "3:56-60 duplicate-family: the family 'ipv4' is here twice",
            "remove it: once is enough",
            "4:33-36 bad-value: 'ppp' is not a gateway",
            NONE_HINT,
            "5:39-45 onlink-without-gateway: 'onlink' is about a gateway that is written, and"
            " this uplink has none",
            "remove it: there is no gateway that could be on the link",
        ],
    ),
}

ALL = GATEWAY | FAMILIES | ONLINK | SEVERAL


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_gateways_and_families(case: tuple[str, list[str]]) -> None:
    check(*case)


@pytest.mark.parametrize(
    "word", ["dhcp", "DHCP", "dhcp4", "dhcpv6", "Auto", "AUTO", "automatic", "ra", "slaac"]
)
def test_a_word_for_a_gateway_that_is_learned_leads_to_auto(word: str) -> None:
    (problem,) = told(uplink(f"gateway: {word}"))
    assert problem.endswith(f"bad-value: '{word}' is not a gateway | {AUTO_HINT}")


@pytest.mark.parametrize(
    "word", ["ppp", "ppp0", "PPPoE", "None", "tun0", "wg0", "'null'", "'-'", "point-to-point"]
)
def test_a_word_for_a_line_without_a_gateway_leads_to_none(word: str) -> None:
    (problem,) = told(uplink(f"gateway: {word}"))
    assert problem.endswith(f"is not a gateway | {NONE_HINT}")


@pytest.mark.parametrize("word", ["router.example", "unreachable", "eth0", "10"])
def test_any_other_word_gets_what_may_be_written(word: str) -> None:
    (problem,) = told(uplink(f"gateway: {word}"))
    assert problem.endswith(f"is not a gateway | {GATEWAY_HINT}")


@pytest.mark.parametrize(
    "written",
    [
        *("192.0.2.1/24", "192.0.2.1:80", "http://192.0.2.1", "via 192.0.2.1", "'192.0.2.1 '"),
        *("192.0.2.1 dev eth0", "192.0.2.01", "192.0.2.1.", "'::ffff:192.0.2.1'", "['192.0.2.1']"),
        *('"192.0.2.1\\u200b"', "\uff11\uff19\uff12.0.2.1", "\u201c192.0.2.1\u201d", "[192.0.2.1]"),
    ],
)
def test_an_address_with_something_round_it_is_told_alone(written: str) -> None:
    (problem,) = told(uplink(f"gateway: {written}"))
    assert problem.endswith(" | write 192.0.2.1 alone")


@pytest.mark.parametrize("written", ["192.0.2.010", "192.0.2", "192.0.2.1, 192.0.2.2"])
def test_an_address_that_is_not_clear_is_not_guessed(written: str) -> None:
    (problem,) = told(uplink(f"gateway: '{written}'"))
    assert "alone" not in problem
