"""A fault that breaks one layer: a scenario says what becomes of the rounds of one probe."""

from support.written_scenarios import Folder

POLICY = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: 192.0.2.1}
  secondary: {interface: eth1, gateway: 198.51.100.1}
probes:
  pings: {type: icmp, targets: [203.0.113.1, 203.0.113.2]}
  connections: {type: tcp, port: 443, targets: [203.0.113.1, 203.0.113.2]}
  pages: {type: http, url: 'https://www.example.net/'}
"""


def test_one_probe_fails_while_others_work(folder: Folder) -> None:
    folder.write("policy.yaml", POLICY)
    assert (
        folder.mismatches(
            "rounds: {primary: {connections: '10s good, lost'}}\n"
            "expect: [{at: 9s, active: primary}, {at: 20s, active: secondary,"
            " reason: no-connections}]\n"
        )
        == []
    )


def test_what_is_said_of_a_target_counts_before_what_is_said_of_its_probe(folder: Folder) -> None:
    folder.write("policy.yaml", POLICY)
    assert (
        folder.mismatches(
            "rounds: {primary: {connections: lost, 203.0.113.1: good,"
            " www.example.net: '20s good, lost'}}\n"
            "expect: [{at: 20s, active: primary}, {at: 30s, reason: no-pages}]\n"
        )
        == []
    )


def test_a_probe_that_does_not_go_through_the_uplink_is_no_name_there(folder: Folder) -> None:
    folder.write("policy.yaml", POLICY.replace("port: 443", "port: 443, uplinks: [secondary]"))
    (problem,) = folder.problems(
        "- name: it\n  rounds: {primary: {connections: lost}}\n"
        "  expect: [{at: 9s, active: primary}]\n"
    )
    assert "'connections' is not an IP address | write a target or a probe: " in problem


ECHOES = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: auto}
  secondary: {interface: eth1, gateway: auto}
probes:
  back: {type: echo, interval: 1s, timeout: 1s}
rules:
  - {name: dead, probe: back, fail: {failures: 3}, recover: {stable: 10s}}
"""


def test_a_line_on_which_no_echo_has_come_back_yet_is_not_failed_by_that(folder: Folder) -> None:
    folder.write("policy.yaml", ECHOES)
    assert (
        folder.mismatches(
            "rounds: {primary: 1m lost, secondary: good}\n"
            "expect: [{at: 50s, rules: {dead: {primary: unknown, secondary: ok}}}]\n"
        )
        == []
    )


def test_echoes_that_end_on_a_line_where_they_came_back_fail_it(folder: Folder) -> None:
    folder.write("policy.yaml", ECHOES)
    assert (
        folder.mismatches(
            "rounds: {primary: '20s good, lost'}\n"
            "expect: [{at: 19s, active: primary}, {at: 25s, active: secondary, reason: dead}]\n"
        )
        == []
    )


def test_another_next_hop_may_never_send_an_echo_back(folder: Folder) -> None:
    folder.write("policy.yaml", ECHOES)
    assert (
        folder.mismatches(
            "rounds: {primary: '20s good, lost'}\n"
            "events: [{at: 19500ms, link: primary, next_hop: 192.0.2.77}]\n"
            "expect: [{from: 5s, until: 1m, active: primary, switches: 0}]\n"
        )
        == []
    )
