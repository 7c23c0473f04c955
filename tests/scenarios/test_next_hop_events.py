"""A scenario says which next hop is told of when, in each family."""

import pytest

from support.written_scenarios import Folder

POLICY = """
version: 1
uplinks:
  wan: {interface: eth0, gateway: auto, families: [ipv4, ipv6], metric: 10}
  lte: {interface: eth1, gateway: auto, families: [ipv4, ipv6], metric: 20}
  old: {interface: eth2, gateway: 198.51.100.3, metric: 30}
probes:
  internet: {type: icmp, targets: [203.0.113.1, "2001:db8:ffff::1"]}
"""


@pytest.fixture
def both(folder: Folder) -> Folder:
    folder.write("policy.yaml", POLICY)
    return folder


def test_each_has_one_from_the_start(both: Folder) -> None:
    assert not both.mismatches("expect: [{at: 10s, active: wan, uplinks: {wan: healthy}}]")


def test_one_that_is_absent_fails_its_uplink(both: Folder) -> None:
    assert not both.mismatches(
        """
events:
  - {at: 30s, link: wan, next_hop: absent}
  - {at: 60s, link: wan, next_hop: 198.51.100.9}
  - {at: 60s, link: wan, next_hop: "fe80::9"}
expect:
  - {at: 30.9s, active: wan}
  - {at: 31.1s, active: lte, reason: no-next-hop, rules: {no-next-hop: {wan: failed}}}
  - {at: 119s, active: lte}
  - {at: 125s, active: wan, uplinks: {wan: healthy}}
"""
    )


def test_a_change_and_a_short_gap_move_nothing(both: Folder) -> None:
    assert not both.mismatches(
        """
events:
  - {at: 30s, link: wan, next_hop: 198.51.100.9}
  - {at: 40s, link: wan, next_hop: absent}
  - {at: 40.5s, link: wan, next_hop: 198.51.100.9}
  - {at: 40.9s, link: wan, next_hop: "fe80::9"}
expect:
  - {from: 1s, until: 100s, switches: 0, active: wan}
"""
    )


@pytest.mark.parametrize(("family", "switches"), [("ipv4", 1), ("ipv6", 1)])
def test_one_family_may_lack_it(both: Folder, family: str, switches: int) -> None:
    assert not both.mismatches(
        f"""
events:
  - {{at: 30s, link: wan, next_hop: absent, family: {family}}}
expect:
  - {{at: 40s, switches: {switches}, reason: no-next-hop}}
"""
    )


def test_a_family_that_never_has_one_is_waited_for_by_nobody(both: Folder) -> None:
    assert not both.mismatches(
        """
events:
  - {at: 0s, link: wan, next_hop: absent, family: ipv6}
expect:
  - {at: 40s, switches: 0, active: wan}
"""
    )


def test_an_uplink_without_one_since_the_start_is_unknown(both: Folder) -> None:
    assert not both.mismatches(
        """
events:
  - {at: 0s, link: lte, next_hop: absent}
  - {at: 50s, link: lte, next_hop: 198.51.100.2}
  - {at: 50s, link: lte, next_hop: "fe80::2"}
expect:
  - {at: 40s, active: wan, uplinks: {lte: unknown}}
  - {at: 53s, uplinks: {lte: healthy}}
"""
    )


def test_it_may_go_with_the_address(both: Folder) -> None:
    assert not both.mismatches(
        """
events:
  - {at: 30s, link: old, becomes: without-address}
expect:
  - {at: 31.1s, rules: {no-next-hop: {old: failed}}}
"""
    )


END = "expect: [{at: 40s, active: wan}]"


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (
            "{at: 1s, link: old, next_hop: absent}",
            "6:39 not-learned: the uplink 'old' does not learn its next hop | only an uplink with",
        ),
        (
            "{at: 1s, link: wan, next_hop: absnt}",
            "6:39 bad-value: 'absnt' is not an IP address | write the address of a router",
        ),
        (
            '{at: 1s, link: wan, next_hop: "fe80::1", family: ipv4}',
            "6:58 bad-value: fe80::1 is no IPv4 address | leave 'family' out",
        ),
        (
            "{at: 1s, link: wan, next_hop: 198.51.100.9, becomes: down}",
            "6:53 unknown-key: ",
        ),
        ("{at: 1s, link: wna, next_hop: absent}", "6:24 unknown-uplink: "),
        ("{at: 1s, next_hop: absent}", "6:9 missing-key: a next hop event needs the key 'link'"),
        ("{at: 1s, link: wan, next_hop: absent, family: v6}", "6:55 bad-value: "),
        ("{at: 1s, link: wan, next_hop: 5}", "6:39 "),
    ],
)
def test_what_is_wrong_with_an_event_is_said(both: Folder, event: str, problem: str) -> None:
    (found,) = both.problems(f"- name: it\n  events:\n    - {event}\n  {END}")
    assert found.startswith(problem)
