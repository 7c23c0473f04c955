"""Scenarios expect hooks: which were due, what they were told, and that none was."""

import pytest

from support.written_scenarios import Folder

POLICY = """\
version: 1
uplinks:
  fibre: {interface: eth0, gateway: 192.0.2.1}
  lte: {interface: wwan0, gateway: 198.51.100.1}
hooks:
  on_switch: [{run: [/bin/one]}, {run: [/bin/two]}]
  on_uplink_down: [{run: [/bin/one]}]
  on_uplink_up: [{run: [/bin/one]}]
  on_all_down: [{run: [/bin/one]}]
"""

DIES = "rounds: {fibre: '1m good, 1m lost, good'}\n"


@pytest.fixture(autouse=True)
def policy(folder: Folder) -> None:
    """The policy that scenarios are about."""
    folder.write("policy.yaml", POLICY)


SO = [
    "{at: 10s, hooks: [{on_switch: {from: none, to: fibre, reason: start}}]}",
    "{at: 75s, hooks: [{on_switch: {from: fibre, to: lte}}]}",
    "{at: 75s, hooks: [{on_switch: {reason: no-internet, family: ipv4}}]}",
    "{at: 75s, hooks: [{on_uplink_down: {uplink: fibre}}, {on_switch: {to: lte}}]}",
    "{at: 75s, hooks: [{on_switch: {to: lte}}, {on_uplink_down: {}}]}",
    "{at: 75s, hooks: [{on_switch: {from: none}}, {on_switch: {from: fibre}}]}",
    "{from: 1s, until: 1m, hooks: []}",
    "{from: 1m, until: 70s, hooks: [{on_uplink_down: {}}, {on_switch: {to: lte}}]}",
    "{from: 70s, until: 3m, hooks: []}",
    "{at: 5m, hooks: [{on_uplink_up: {uplink: fibre}}, {on_switch: {from: lte, to: fibre}}]}",
]


@pytest.mark.parametrize("expected", SO)
def test_what_is_so(folder: Folder, expected: str) -> None:
    assert folder.mismatches(f"{DIES}expect: [{expected}]\n") == []


OTHERWISE = {
    "{at: 75s, hooks: []}": (
        "at 75s: expected no hook, but on_switch from none to fibre (IPv4) at 0s was due"
    ),
    "{at: 75s, hooks: [{on_switch: {from: lte, to: fibre}}]}": (
        "at 75s: expected on_switch from lte to fibre, but on_switch from fibre to lte (IPv4) at"
        " 63s was due"
    ),
    "{at: 75s, hooks: [{on_all_down: {}}]}": (
        "at 75s: expected on_all_down, but on_all_down was not due"
    ),
    "{at: 75s, hooks: [{on_switch: {family: ipv6}}]}": (
        "at 75s: expected on_switch (IPv6), but on_switch from fibre to lte (IPv4) at 63s was due"
    ),
    "{from: 1m, until: 75s, hooks: [{on_switch: {}}]}": (
        "from 1m to 75s: expected on_switch, but on_uplink_down of fibre (IPv4) at 63s was due"
    ),
    "{from: 1m, until: 75s, hooks: [{on_switch: {}}, {on_switch: {}}, {on_uplink_down: {}}]}": (
        "from 1m to 75s: expected on_switch and on_switch and on_uplink_down, but on_switch was"
        " not due"
    ),
}


@pytest.mark.parametrize("expected", OTHERWISE)
def test_what_is_not_so(folder: Folder, expected: str) -> None:
    assert folder.mismatches(f"{DIES}expect: [{expected}]\n") == [OTHERWISE[expected]]


def test_a_restart_runs_no_hook(folder: Folder) -> None:
    text = f"{DIES}events: [{{at: 90s, restart: true}}]\n"
    expected = "expect: [{from: 70s, until: 2m, hooks: []}]\n"
    assert folder.mismatches(text + expected) == []


PROBLEMS = {
    "{at: 75s, hooks: [{on_all_up: {}}]}": "unknown-hook: the policy runs no program on_all_up",
    "{at: 75s, hooks: [{on_swich: {}}]}": "unknown-key: unknown key 'on_swich'",
    "{at: 75s, hooks: [{on_switch: {}, on_all_down: {}}]}": "bad-value: this mapping is not a hook",
    "{at: 75s, hooks: [{}]}": "bad-value: {} is not a hook",
    "{at: 75s, hooks: [{on_switch: {to: lta}}]}": (
        "unknown-uplink: the policy has no uplink 'lta'"
    ),
    "{at: 75s, hooks: [{on_switch: {to: none}}]}": (
        "unknown-uplink: the policy has no uplink 'none'"
    ),
    "{at: 75s, hooks: [{on_switch: {reason: luck}}]}": (
        "unknown-reason: 'luck' is neither a reason nor a rule of the policy"
    ),
    "{at: 75s, hooks: [{on_uplink_down: {to: lte}}]}": "unknown-key: unknown key 'to'",
}


@pytest.mark.parametrize("expected", PROBLEMS)
def test_what_cannot_be_meant(folder: Folder, expected: str) -> None:
    (problem,) = folder.problems(f"- name: it\n  {DIES}  expect: [{expected}]\n")
    assert PROBLEMS[expected] in problem
