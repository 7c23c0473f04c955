"""What a person can get wrong about the uplinks of a probe or a rule."""

import pytest

from support.told import check

LIST_HINT = "write for example [fibre]"


def two_uplinks(text: str) -> str:
    """A policy with the uplinks `fibre` (IPv4) and `lte` (IPv6), and `text` from line 5 on."""
    return (
        "version: 1\nuplinks:\n  fibre: {interface: eth0, gateway: 192.0.2.1}\n"
        "  lte: {interface: eth1, gateway: fe80::1}\n" + text
    )


UPLINK_NAMES = {
    "an uplink that no probe goes through": (
        two_uplinks("probes:\n  p: {type: icmp, uplinks: [fibre]}\n"),
        [
            "4:3-6 uplink-without-probe: no probe goes through the uplink 'lte'",
            "add it to the 'uplinks' of a probe, or add a probe for it",
        ],
    ),
    "a misspelt uplink": (
        two_uplinks("probes:\n  p: {type: icmp, uplinks: [fibre, ltee]}\n"),
        ["6:36-40 unknown-uplink: there is no uplink 'ltee'", "did you mean 'lte'?"],
    ),
    "an uplink that is not known": (
        two_uplinks("probes:\n  p: {type: icmp, uplinks: [fibre, office]}\n"),
        ["6:36-42 unknown-uplink: there is no uplink 'office'", "the uplinks are: fibre, lte"],
    ),
    "an uplink named twice": (
        two_uplinks("probes:\n  p: {type: icmp, uplinks: [lte, fibre, lte]}\n"),
        [
            "6:41-44 duplicate-uplink: the uplink 'lte' is here twice",
            "remove it: once is enough",
        ],
    ),
    "a name for a list": (
        two_uplinks("probes:\n  p: {type: icmp, uplinks: fibre}\n"),
        ["6:28-33 bad-value: 'fibre' is not a list of uplinks", "write [fibre]"],
    ),
    "no names": (
        two_uplinks("probes:\n  p: {type: icmp, uplinks: []}\n"),
        ["6:28-30 bad-value: [] is not a list of uplinks", LIST_HINT],
    ),
    "a number as name": (
        two_uplinks("probes:\n  p: {type: icmp, uplinks: [1]}\n"),
        ["6:29-30 bad-value: 1 is not a name", "put it in quotes to make it text: '1'"],
    ),
    "a target of a family that the probe's uplinks have not": (
        two_uplinks(
            "probes:\n"
            "  p: {type: icmp, uplinks: [fibre], targets: [8.8.8.8, '2001:db8::1']}\n"
            "  q: {type: icmp}\n"
        ),
        [
            "6:56-69 wrong-family: '2001:db8::1' is an IPv6 target, and no uplink of the probe"
            " is IPv6",
            "remove it, or name an uplink of that family",
        ],
    ),
    "a family of the probe's uplinks without a target": (
        two_uplinks(
            "probes:\n  p: {type: icmp, uplinks: [lte], targets: [8.8.8.8]}\n  q: {type: icmp}\n"
        ),
        [
            "6:35-42 wrong-family: there is no IPv6 target for the IPv6 uplink 'lte'",
            "add one, for example 2001:4860:4860::8888",
            "6:45-52 wrong-family: '8.8.8.8' is an IPv4 target, and no uplink of the probe is IPv4",
            "remove it, or name an uplink of that family",
        ],
    ),
    "families are not judged where an uplink is not known": (
        two_uplinks(
            "probes:\n  p: {type: icmp, uplinks: [fibr], targets: [8.8.8.8, '2001:db8::1']}\n"
        ),
        ["6:29-33 unknown-uplink: there is no uplink 'fibr'", "did you mean 'fibre'?"],
    ),
    "a misspelt uplink of a rule": (
        two_uplinks("rules:\n  - {name: a, uplinks: [fibr], fail: {failures: 3}}\n"),
        ["6:25-29 unknown-uplink: there is no uplink 'fibr'", "did you mean 'fibre'?"],
    ),
    "an uplink named twice by a rule about the carrier": (
        two_uplinks(
            "rules:\n"
            "  - {name: a, fail: {failures: 3}}\n"
            "  - {name: b, uplinks: [lte, lte], fail: {carrier: down}}\n"
        ),
        [
            "7:30-33 duplicate-uplink: the uplink 'lte' is here twice",
            "remove it: once is enough",
        ],
    ),
    "a rule about probes that share no uplink": (
        two_uplinks(
            "probes:\n"
            "  p: {type: icmp, uplinks: [fibre]}\n"
            "  q: {type: icmp, uplinks: [lte]}\n"
            "rules:\n"
            "  - {name: a, fail: {any: [{failures: 3, probe: p}, {failures: 3, probe: q}]}}\n"
        ),
        [
            "9:5-79 no-shared-uplink: the probes of this rule share no uplink: 'p', 'q'",
            "let them go through one uplink, or write a rule for each",
        ],
    ),
    "a rule about an uplink that its probe does not go through": (
        two_uplinks(
            "probes:\n"
            "  p: {type: icmp, uplinks: [fibre]}\n"
            "  q: {type: icmp}\n"
            "rules:\n"
            "  - name: a\n"
            "    uplinks: [fibre, lte]\n"
            "    fail: {failures: 3, probe: q}\n"
            "    recover: {successes: 2, probe: p}\n"
        ),
        [
            "10:22-25 uplink-without-probe: the probe 'p' of this rule does not go through the"
            " uplink 'lte'",
            "remove it here, or add it to the 'uplinks' of the probe",
        ],
    ),
    "names are not judged while the section of the uplinks is misspelt": (
        "version: 1\nuplink: {}\nprobes:\n  p: {type: icmp, uplinks: [any]}\n",
        ["2:1-7 unknown-key: unknown key 'uplink'", "did you mean 'uplinks'?"],
    ),
}


@pytest.mark.parametrize("case", UPLINK_NAMES.values(), ids=UPLINK_NAMES)
def test_names_of_uplinks(case: tuple[str, list[str]]) -> None:
    check(*case)
