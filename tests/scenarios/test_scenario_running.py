"""Scenarios in virtual time: what happens in them, and what is said when they do not come true."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.policy.load import load_text
from route_switcher.policy.problems import Span
from route_switcher.scenarios.run import EVIDENCE, run_scenario
from route_switcher.scenarios.scenario import ActiveIs, Expectation, Rounds, Scenario, SwitchesAre
from route_switcher.scenarios.series import parse_series
from route_switcher.virtual.schedule import nanoseconds
from support.written_scenarios import POLICY, Folder


def test_three_failures_fail_over_and_sixty_good_seconds_bring_it_back(folder: Folder) -> None:
    assert not folder.mismatches(
        """
rounds:
  primary: 10 good, 3 lost, good
expect:
  - {at: 12.999s, active: primary, switches: 0, reason: start}
  - {at: 13s, active: secondary, switches: 1, reason: failover}
  - {at: 13s, reason: no-internet, rules: {no-internet: {primary: failed, secondary: ok}}}
  - {at: 14s, uplinks: {primary: recovering, secondary: healthy}}
  - {from: 13s, until: 73.01s, active: secondary, switches: 0}
  - {at: 73.02s, active: primary, switches: 2, reason: preference}
"""
    )


def test_nothing_is_selected_before_it_can_be(folder: Folder) -> None:
    assert not folder.mismatches(
        """
events:
  - {at: 0s, link: primary, becomes: unplugged}
  - {at: 0s, link: secondary, becomes: missing}
  - {at: 20s, link: secondary, becomes: connected}
expect:
  - {from: 0s, until: 19s, active: none, switches: 0}
  - {at: 1s, uplinks: {primary: failed, secondary: failed}}
  - {at: 22s, active: secondary, switches: 0, reason: start}
"""
    )


def test_a_target_may_fail_where_another_answers(folder: Folder) -> None:
    assert not folder.mismatches(
        """
rounds:
  primary: {203.0.113.1: lost}
  secondary: {203.0.113.1: lost, 203.0.113.2: 1m good, lost}
expect:
  - {from: 1s, until: 59s, active: primary, switches: 0}
  - {at: 59s, uplinks: {primary: healthy, secondary: healthy}}
  - {at: 64s, uplinks: {primary: healthy, secondary: failed}}
""".replace("1m good, lost", '"1m good, lost"')
    )


@pytest.mark.parametrize("becomes", ["unplugged", "down", "missing"])
def test_a_link_that_goes_fails_over_at_once(folder: Folder, becomes: str) -> None:
    assert not folder.mismatches(
        f"""
events:
  - {{at: 30s, link: primary, becomes: {becomes}}}
  - {{at: 40s, link: primary, becomes: connected}}
expect:
  - {{at: 29s, active: primary}}
  - {{at: 30.02s, active: secondary, switches: 1, reason: unplugged}}
  - {{at: 99s, active: secondary}}
  - {{at: 101s, active: primary, switches: 2}}
"""
    )


def test_an_uplink_without_an_address_has_failed(folder: Folder) -> None:
    assert not folder.mismatches(
        """
events:
  - {at: 30s, link: primary, becomes: without-address}
expect:
  - {at: 31.1s, active: secondary, reason: no-next-hop}
"""
    )


def test_the_operator_is_obeyed_until_the_order_ends(folder: Folder) -> None:
    assert not folder.mismatches(
        """
rounds:
  secondary: 50s good, 10s lost, good
events:
  - {at: 10s, switch: secondary, for: 10s}
  - {at: 30s, switch: secondary}
  - {at: 40s, release: secondary}
  - {at: 55s, switch: secondary}
  - {at: 57s, switch: secondary, force: true}
expect:
  - {at: 10s, active: secondary, switches: 1, reason: operator}
  - {at: 20s, active: primary, switches: 2, reason: preference}
  - {at: 30s, active: secondary}
  - {at: 40s, active: primary}
  - {at: 55s, active: primary, switches: 4}
  - {at: 57s, active: secondary, switches: 5}
"""
    )


def test_a_restart_moves_nothing(folder: Folder) -> None:
    assert not folder.mismatches(
        """
rounds:
  primary: 10 good, 20s lost, good
events:
  - {at: 20s, restart: true}
expect:
  - {at: 20s, active: secondary, switches: 1, reason: restart}
  - {from: 20s, until: 85s, active: secondary, switches: 0}
  - {at: 95s, active: primary, switches: 2}
"""
    )


def test_a_reload_takes_effect(folder: Folder) -> None:
    lines = POLICY.splitlines()
    turned = [*lines[:2], lines[3], lines[2], *lines[4:]]
    folder.write("turned.yaml", "\n".join(turned) + "\n")
    assert not folder.mismatches(
        """
events:
  - {at: 20s, reload: ./turned.yaml}
expect:
  - {at: 19s, active: primary}
  - {at: 20s, active: secondary, switches: 1, reason: reload}
"""
    )


def test_each_family_has_an_active_uplink(folder: Folder) -> None:
    folder.write(
        "policy.yaml",
        """\
version: 1
uplinks:
  a: {interface: eth0, gateway: 192.0.2.1}
  b: {interface: eth1, gateway: 198.51.100.1}
  a6: {interface: eth0, gateway: fe80::1}
  b6: {interface: eth1, gateway: fe80::1}
""",
    )
    assert not folder.mismatches(
        """
rounds:
  a6: 20s good, lost
expect:
  - {at: 5s, active: [a, a6]}
  - {at: 25s, active: [a, b6], switches: 1}
  - {from: 1s, until: 60s, active: a}
"""
    )


def test_late_answers_and_rounds_that_could_not_be_asked(folder: Folder) -> None:
    assert not folder.mismatches(
        """
rounds:
  primary: 10 at 900ms, 2 at 1.2s, 10s unknown, 1 at 2s, good
expect:
  - {at: 22s, active: primary, rules: {no-internet: {primary: ok}}}
  - {at: 23s, active: secondary, reason: failover}
"""
    )


def test_what_does_not_come_true_is_told_with_what_was_seen(folder: Folder) -> None:
    failures = folder.run(
        """
rounds:
  primary: 10 good, 3 lost, good
expect:
  - {at: 12s, active: secondary, switches: 1, reason: failover}
  - {at: 13s, rules: {no-internet: {primary: ok}}, uplinks: {secondary: damped}}
  - {from: 10s, until: 80s, active: primary, switches: 0}
  - {from: 14s, until: 15s, active: primary}
  - {at: 80s, reason: no-internet, active: none}
"""
    )
    assert [f.message for f in failures] == [
        "at 12s: expected secondary to be active, but primary is",
        "at 12s: expected 1 switch, but there were 0 switches",
        "at 12s: expected the latest selection to be for failover, but it was start, at 0s",
        "at 13s: expected rule no-internet to be ok for primary, but it is failed",
        "at 13s: expected secondary to be damped, but it is healthy",
        "from 14s to 15s: expected primary to be active, but secondary is at 14s",
        "from 10s to 80s: expected primary to be active, but secondary is at 13s",
        "from 10s to 80s: expected 0 switches, but there were 2 switches",
        "at 80s: expected none to be active, but primary is",
        "at 80s: expected the latest selection to be for no-internet, but it was preference,"
        " at 73.02s",
    ]
    assert [(f.span.line, f.span.column) for f in failures[:2]] == [(8, 27), (8, 48)]


def test_the_evidence_is_what_the_engine_said_before(folder: Folder) -> None:
    failures = folder.run(
        """
rounds:
  primary: 10 good, 3 lost, good
expect:
  - {at: 13s, active: primary}
  - {at: 90s, active: secondary}
"""
    )
    early, late = (f.evidence for f in failures)
    assert len(early) == len(late) == EVIDENCE
    assert early[-2].strip() == (
        "13s  primary: rule no-internet: ok -> failed:"
        " 3 rounds in a row failed: no answer within 1 s"
    )
    assert (
        early[-1]
        .strip()
        .startswith("13s  IPv4: secondary selected instead of primary: the active uplink failed")
    )
    assert (
        late[-1]
        .strip()
        .startswith("73.02s  IPv4: primary selected instead of secondary: healthy and preferred")
    )


def test_the_evidence_of_a_stretch_of_time_ends_where_it_went_wrong(folder: Folder) -> None:
    failures = folder.run(
        """
rounds:
  primary: 10 good, 3 lost, good
expect:
  - {from: 1s, until: 500s, active: primary, switches: 1}
  - {from: 14s, until: 500s, active: primary}
  - {from: 1s, until: 500s, active: none, switches: 0}
  - {from: 1s, until: 500s, switches: 3}
"""
    )
    last = [(f.expected, " ".join(f.evidence[-1].split()[:5])) for f in failures]
    assert last == [
        ("primary to be active", "13s IPv4: secondary selected instead"),
        ("1 switch", "73.02s IPv4: primary selected instead"),
        ("primary to be active", "13.02s primary: rule no-internet: failed"),
        ("none to be active", "0.52s secondary: rule unplugged: unknown"),
        ("0 switches", "13s IPv4: secondary selected instead"),
        # That too few were made is certain at the end only.
        ("3 switches", "73.02s IPv4: primary selected instead"),
    ]
    assert failures[0].evidence[-2].split()[:4] == ["13s", "primary:", "rule", "no-internet:"]


def test_what_a_reloaded_policy_does_not_have_is_told(folder: Folder) -> None:
    folder.write(
        "other.yaml",
        "version: 1\nuplinks:\n  primary: {interface: eth0, gateway: 192.0.2.1}\n"
        "rules:\n  - {name: unplugged, fail: {carrier: down}}\n"
        "  - {name: strict, fail: {failures: 1}}\n",
    )
    failures = folder.run(
        """
events:
  - {at: 5s, reload: ./other.yaml}
expect:
  - {at: 9s, rules: {no-internet: {primary: ok, secondary: ok}}, uplinks: {secondary: healthy}}
"""
    )
    assert [f.seen for f in failures] == [
        "there is no rule no-internet then",
        "there is no uplink secondary then",
        "it is not in the policy then",
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([0.01, 0.03, 0.1, 0.3, 0.7, 1.0, 1.1]),
    st.integers(1, 400),
    st.integers(1, 5),
)
def test_no_noise_of_floats_decides(interval: float, good: int, failures: int) -> None:
    """The moment of a failover is known to the nanosecond, whatever the interval."""
    milliseconds = round(interval * 1000)
    policy = load_text(
        POLICY.replace(
            "interval: 1s, timeout: 1s", f"interval: {milliseconds}ms, timeout: {milliseconds}ms"
        )
        + f"rules: [{{name: r, fail: {{failures: {failures}}}}}]\n",
        "here",
    )
    assert policy.rules == (Rule("r", ConsecutiveFailures("internet", failures), Recover(60.0)),)
    span = Span(1, 1, 1)
    at = nanoseconds(interval) * (good + failures)
    # The last failed round was sent an interval before, and its timeout is the interval.
    scenario = Scenario(
        "it",
        span,
        (Rounds("primary", None, parse_series(f"{good} good, lost")),),
        (),
        (
            Expectation(at - 1_000_000, (ActiveIs(span, "primary"), SwitchesAre(span, 0))),
            Expectation(at, (ActiveIs(span, "secondary"), SwitchesAre(span, 1))),
        ),
    )
    assert run_scenario(scenario, policy) == ()
