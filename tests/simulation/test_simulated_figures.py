"""Figures of small networks that were written by hand, against figures computed by hand.

Rounds go every second with a timeout of 0.5 s, through the primary at 0, 1, 2, … and through the
secondary at 0.5, 1.5, …; three in a row fail an uplink, and 10 s of stability recover it. An answer
takes 0.125 s.
"""

from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.conditions import AnyOf, CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.simulation.episodes import Episode
from route_switcher.simulation.network import Network, WanLine
from route_switcher.simulation.outcome import median
from route_switcher.simulation.report import rows
from route_switcher.simulation.simulate import SimulationResult, simulate
from support.pinging import pinging, target

RTT = 0.125
TARGET = target("203.0.113.1")
PACKET = 20 + 8 + 16


def _policy() -> Policy:
    uplinks = tuple(
        Uplink(name, f"eth{n}", ip_address(f"198.51.100.{n + 1}"), 10 * (n + 1), Family.IPV4)
        for n, name in enumerate(("primary", "secondary"))
    )
    probe = pinging("internet", TARGET, timeout=0.5)
    fail = AnyOf((ConsecutiveFailures("internet", 3), CarrierDown()))
    return Policy(uplinks, (probe,), (Rule("no-internet", fail, Recover(10.0)),), False)


def _simulate(
    primary: WanLine, secondary: WanLine | None = None, targets: tuple[Episode, ...] = ()
) -> SimulationResult:
    lines = {"primary": primary, "secondary": secondary or WanLine(RTT)}
    return simulate(_policy(), Network(lines, {TARGET: targets}), 200.0)


def test_a_network_without_faults_costs_nothing() -> None:
    result = _simulate(WanLine(RTT))
    family = result.families[Family.IPV4]
    assert (family.outage, family.brown, family.switches, family.outages) == (0, 0, 0, 0)
    assert result.uplinks["primary"].active == 200.0
    assert result.uplinks["secondary"].active == 0.0
    assert result.uplinks["primary"].probe_bytes == 2 * 200 * PACKET
    assert result.uplinks["secondary"].probe_bytes == 2 * 200 * PACKET


def test_an_outage_lasts_until_the_third_failed_round() -> None:
    # Dead from 100.25: the rounds of 101, 102 and 103 fail, the last at 103.5. The secondary
    # answered at 102.625 and 103.625: what it answered at 102.625 is fresh enough. From 150.25 on
    # the primary answers: good rounds from 151 cover 10 s at 161.125.
    result = _simulate(WanLine(RTT, dead=(Episode(100.25, 150.25),)))
    family = result.families[Family.IPV4]
    assert [s.decision.at for s in result.switches] == pytest.approx([103.5, 161.125], abs=1e-5)
    assert family.outage == pytest.approx(3.25, abs=1e-5)
    assert family.worst == pytest.approx(3.25, abs=1e-5)
    assert family.avoidable == pytest.approx(3.25, abs=1e-5)
    assert (family.outages, family.unavoidable, family.missed) == (1, 0, 0)
    assert (family.switches, family.failovers, family.false_failovers) == (2, 1, 0)
    assert family.fail_backs == 1
    assert list(family.detected) == pytest.approx([3.25], abs=1e-5)
    primary, secondary = result.uplinks["primary"], result.uplinks["secondary"]
    assert (primary.dead, primary.outages) == (50.0, 1)
    assert secondary.active == pytest.approx(161.125 - 103.5, abs=1e-5)
    assert primary.active + secondary.active == pytest.approx(200.0)


def test_a_lost_carrier_is_detected_at_once() -> None:
    result = _simulate(WanLine(RTT, unplugged=(Episode(100.3, 110.0),)))
    family = result.families[Family.IPV4]
    assert list(family.detected) == pytest.approx([0.0], abs=1e-5)
    # Traffic moves at once: it does not wait for a round trip of the secondary.
    assert family.outage == pytest.approx(0.0, abs=1e-5)


def test_an_outage_that_is_over_before_it_is_found_is_missed() -> None:
    # The rounds of 101 and 102 fail, that of 103 does not.
    result = _simulate(WanLine(RTT, dead=(Episode(100.25, 102.75),)))
    family = result.families[Family.IPV4]
    assert (family.missed, family.switches, len(family.detected)) == (1, 0, 0)
    assert result.uplinks["primary"].missed == 1
    assert family.outage == 2.5


def test_what_no_policy_could_have_spared_users_is_told_apart() -> None:
    both = (Episode(100.0, 130.0),)
    result = _simulate(WanLine(RTT, dead=both), WanLine(RTT, dead=both))
    family = result.families[Family.IPV4]
    assert family.outage == family.unavoidable == family.worst == 30.0
    assert family.avoidable == 0.0


def test_an_outage_of_the_standby_costs_users_nothing() -> None:
    result = _simulate(WanLine(RTT), WanLine(RTT, dead=(Episode(100.25, 130.0),)))
    assert result.families[Family.IPV4].outage == 0.0
    assert not result.families[Family.IPV4].detected
    # Its rounds of 100.5, 101.5 and 102.5 fail, the last at 103.
    assert list(result.uplinks["secondary"].detected) == pytest.approx([2.75], abs=1e-5)


def test_a_brown_out_that_the_active_uplink_is_in_is_seen() -> None:
    brown = (Episode(50.0, 80.0),)
    result = _simulate(WanLine(RTT, brown=brown), WanLine(RTT, brown=(Episode(90.0, 91.0),)))
    assert result.families[Family.IPV4].brown == 30.0
    assert result.uplinks["secondary"].brown == 1.0


def test_a_failover_is_false_where_only_a_target_was_gone() -> None:
    # For the primary the target is gone for three rounds (100 to 102), for the secondary for two
    # and a half seconds, in which it loses two (100.5, 101.5).
    result = _simulate(WanLine(RTT), targets=(Episode(99.75, 102.375),))
    family = result.families[Family.IPV4]
    assert (family.failovers, family.false_failovers) == (1, 1)
    assert result.switches[0].false
    assert family.outage == 0.0


def test_a_target_that_is_gone_for_both_moves_nothing_until_one_answers() -> None:
    # Both have failed then, and are asked at one instant: 102.5, 103.5, … The first that answers is
    # used: here it is the secondary, since the primary takes longer.
    result = _simulate(WanLine(2 * RTT), targets=(Episode(100.0, 130.0),))
    first = result.switches[0]
    assert first.decision.at == pytest.approx(130.625, abs=1e-5)
    assert first.false


def test_a_target_that_is_gone_for_both_moves_nothing_where_the_active_answers_first() -> None:
    result = _simulate(WanLine(RTT), WanLine(2 * RTT), targets=(Episode(100.0, 130.0),))
    assert result.switches == []


def test_the_timeline_has_what_the_figures_have() -> None:
    result = _simulate(WanLine(RTT, dead=(Episode(100.25, 150.25),)))
    piece = result.seconds / 48
    track = result.timeline.shares.tracks["primary"]
    assert sum(track.dead.of(48)) * piece == pytest.approx(50.0)
    assert sum(track.active.of(48)) * piece == pytest.approx(result.uplinks["primary"].active)
    seen = result.timeline.shares.outages["IPv4"].of(48)
    assert sum(seen) * piece == pytest.approx(3.25, abs=1e-5)
    assert [number for number, share in enumerate(seen) if share] == [24]


def test_two_results_side_by_side_have_their_difference() -> None:
    result = _simulate(WanLine(RTT, dead=(Episode(100.25, 150.25),)))
    other = _simulate(WanLine(RTT))
    cells = {row.label: row.cells for row in rows([result, other])}
    assert cells["switches"] == ("2", "0", "+2")
    assert cells["time to detect, median"] == ("3.25 s", "-", "")
    assert cells["brown-out seen"] == ("0 s", "0 s", "=")


def test_the_median_is_the_middle() -> None:
    assert median([]) is None
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5
