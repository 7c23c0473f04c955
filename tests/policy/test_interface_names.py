"""Interfaces that cannot be, or that come from another notation."""

import pytest

from route_switcher.analysis.lints.registry import lints_of
from route_switcher.policy.load import read_policy_text
from support.told import told


def policy(interface: str) -> str:
    return f"version: 1\nuplinks:\n  a: {{interface: {interface}, gateway: 192.0.2.1}}\n"


@pytest.mark.parametrize(
    ("interface", "message", "hint"),
    [
        ("lo", "'lo' is the loopback interface", "name the interface of the line"),
        ("all", "'all' is no interface", "name one interface"),
        ("default", "'default' is no interface", "name one interface"),
        (
            "eth%d",
            "'eth%d' is a pattern by which the kernel",
            "write the name itself, such as eth0",
        ),
        ("' eth0 '", "' eth0 ' is not an interface name", "write eth0, without spaces"),
        (
            "eth0:1",
            "'eth0:1' is not",
            "an alias is an address and no interface of its own: write eth0",
        ),
        ("/dev/ttyUSB0", "'/dev/ttyUSB0' is not", "write the name of the network interface"),
        ("'eth0, wwan0'", "'eth0, wwan0' is not", "an uplink has one interface: write an uplink"),
        ("00:11:22:33:44:55", "'00:11:22", "write the interface's name"),
        ("abcdefghijklmnop", "'abcdefghijklmnop' is not", "an interface name has 1 to 15 bytes"),
        ("ääääääää", "'ääääääää' has 16 bytes", "the kernel allows 15 bytes"),
        (".", "'.' is not an interface name", "an interface name has"),
        (
            r'"wan\u00a0"',
            r"'wan\xa0' (with U+00A0 NO-BREAK SPACE) is not an interface name",
            "write wan, without spaces",
        ),
        ("7", "7 is not an interface name", "put it in quotes to make it text: '7'"),
        ("[eth0]", "this list is not an interface name", "write eth0"),
        ("[eth0, eth1]", "this list is not", "an uplink has one interface: write an uplink for"),
        ("lo:0", "'lo:0' is not", "an interface name has 1 to 15 bytes"),
    ],
)
def test_an_interface_that_cannot_be_is_refused(interface: str, message: str, hint: str) -> None:
    (line,) = told(policy(interface))
    said, _, recommended = line.partition(" | ")
    assert message in said
    assert recommended.startswith(hint)


@pytest.mark.parametrize(
    ("interface", "message", "hint"),
    [
        ("eth0@if5", "'eth0@if5' is two names", "write eth0"),
        ("eth0.100@eth0", "'eth0.100@eth0' is two names", "write eth0.100"),
        ("$WAN", "'$WAN' looks like a variable", "write the interface's own name"),
        ("'${WAN}'", "looks like a variable", "write the interface's own name"),
        ("'{{ wan }}'".replace(" ", ""), "looks like a variable", "write the interface's own name"),
        ("<wan>", "looks like a variable", "write the interface's own name"),
        ("'*'", "'*' looks like a pattern", "write the interface's own name"),
        ("'en*'", "looks like a pattern", "write the interface's own name"),
        ("“eth0”", "'“eth0”' (with U+201C LEFT DOUBLE QUOTATION MARK and", "write eth0"),
        (r'"eth0\u200b"', r"'eth0\u200b' (with U+200B ZERO WIDTH SPACE)", "write eth0"),
        (r'"\ufeffeth0"', r"(with U+FEFF ZERO WIDTH NO-BREAK SPACE)", "write eth0"),
        (r'"eth\u20110"', "(with U+2011 NON-BREAKING HYPHEN)", "write eth0"),
        ("'\"eth0\"'", "has characters that no usual", "write eth0"),
        ("eth0;", "has characters that no usual", "write eth0"),
        ("\u0435th0", "U+0435 CYRILLIC SMALL LETTER IE", "type the name again"),
        ("eth0.", "ends with a '.'", "write eth0"),
        ("eth0.5000", "has the VLAN 5000", "write the name as `ip link` shows it"),
        *(
            (word, said, "write the interface's own name, as `ip link` shows it")
            for word, said in (
                *((word, "is a word of other settings") for word in ("any", "auto", "none", "no")),
                ("192.0.2.1", "is an address, and no interface"),
                ("'2'", "is a number, and the kernel"),
            )
        ),
        *(
            (word, said, "name the interface of the line")
            for word, said in (
                ("sit0", "is a device that the kernel makes by itself for tunnels"),
                ("dummy0", "is a dummy interface"),
                ("docker0", "is a network of containers or virtual machines"),
                ("br-0123456789ab", "is a network of containers or virtual machines"),
                ("ifb1", "is an interface for queues"),
                ("lo1", "is called as a loopback interface"),
            )
        ),
    ],
)
def test_an_interface_from_another_notation_is_warned_of(
    interface: str, message: str, hint: str
) -> None:
    problems = lints_of(read_policy_text(policy(interface), "policy.yaml")).problems
    (doubt,) = [problem for problem in problems if problem.code == "doubtful-interface"]
    assert message in doubt.message
    assert doubt.hint == hint


@pytest.mark.parametrize(
    "name",
    [
        *(
            "eth0",
            "wwan0",
            "enp0s31f6",
            "br-lan",
            "eth0.100",
            "ppp0",
            "Ä1",
            "wan",
            "sit1",
            "gre-office",
        ),
        *("dummy", "vethernet", "Über0", "線路0", "eth0.4094", "docker", "lan0"),
    ],
)
def test_a_usual_interface_is_not(name: str) -> None:
    problems = lints_of(read_policy_text(policy(name), "policy.yaml")).problems
    assert "doubtful-interface" not in [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("gateway: “auto”", "'“auto”' (with U+201C LEFT DOUBLE QUOTATION MARK"),
        (r'gateway: "192.0.2.1\u200b"', "ZERO WIDTH SPACE"),
        (r'"gate\u00adway": auto', "SOFT HYPHEN"),
        ("metric: \u20131", "(with U+2013 EN DASH)"),
    ],
)
def test_characters_that_nobody_sees_are_named(entry: str, message: str) -> None:
    lines = told(f"version: 1\nuplinks:\n  a: {{interface: eth0, {entry}}}\n")
    assert any(message in line for line in lines)


@pytest.mark.parametrize(
    ("entry", "hint"),
    [("gateway: 12345", "write an IPv4 or IPv6"), ("gateway: 0", "write an IPv4 or IPv6")],
)
def test_a_number_is_not_put_in_quotes_where_no_number_can_stand(entry: str, hint: str) -> None:
    (line,) = told(f"version: 1\nuplinks:\n  a: {{interface: eth0, {entry}}}\n")
    assert line.partition(" | ")[2].startswith(hint)


def test_no_list_is_made_of_what_is_no_address() -> None:
    (line,) = told(policy("eth0") + "probes: {p: {type: icmp, targets: 12}}\n")
    assert line.partition(" | ")[2] == "write for example [8.8.8.8, 1.1.1.1]"
