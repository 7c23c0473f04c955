"""Uplinks that answer slowly, or not to every probe, beside uplinks that are silent."""

from itertools import pairwise

import pytest

from route_switcher.core.health.latest_rounds import LONGEST_WAIT
from route_switcher.core.health.silence import Silence
from route_switcher.core.vocabulary.conditions import AllOf, Beyond, ConsecutiveFailures, Measure
from route_switcher.core.vocabulary.outputs import Level, Notice
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.states import UplinkState
from support.answering import NO_INTERNET, T1, T2, UNPLUGGED, Net, policy, probe
from support.world import World, uplink
from support.world import policy as world_policy

SLOW = Rule("slow", Beyond(Measure.LATENCY, "internet", 0.1, 10.0), Recover(20.0))


def lossy(share: int) -> Net:
    """Both uplinks are too slow, and every so many answers of each one is lacking, in turn."""
    net = Net(policy(probes=(probe(T1),), rules=(SLOW, UNPLUGGED))).run(30)
    asked = {"a": 0, "b": share // 2}

    def fate(name: str, _: object) -> float | None:
        asked[name] += 1
        return 0.3 if asked[name] % share else None

    net.fates = fate
    return net


def test_a_lost_packet_is_no_silence_where_no_rule_counts_failures() -> None:
    net = lossy(20).run(1000)
    assert net.state("a") is net.state("b") is UplinkState.FAILED
    assert net.moves() == []


def test_what_is_silent_for_a_whole_window_is_left_for_what_is_slow() -> None:
    net = lossy(1000).run(100)
    net.cut("a")
    net.run(109)
    assert net.moves() == []
    net.run(115)
    assert net.moves() == [("a", "b")]


def test_a_probe_that_cannot_fail_an_uplink_by_itself_does_not_keep_it_from_being_used() -> None:
    lost = (Beyond(Measure.LOSS, name, 0.5, 600.0) for name in ("internet", "office"))
    rules = (NO_INTERNET, Rule("both-lossy", AllOf(tuple(lost)), Recover(20.0)))
    probes = (probe(T1), probe(T2, name="office"))
    net = Net(policy(uplink("a", 0), uplink("b", 1), probes=probes, rules=rules)).run(1000)
    net.dead.add(T2)
    net.run(1010)
    net.cut("a")
    net.run(1014)
    assert net.moves() == [("a", "b")]


def test_a_probe_that_might_yet_fail_an_uplink_is_waited_for() -> None:
    office = Rule("no-office", ConsecutiveFailures("office", 10), Recover(20.0))
    probes = (probe(T1), probe(T2, name="office"))
    net = Net(policy(probes=probes, rules=(NO_INTERNET, office))).run(100)
    net.dead.add(T2)
    net.cut("a")
    net.run(106)
    assert (net.state("a"), net.moves()) == (UplinkState.FAILED, [])


@pytest.mark.parametrize("limit", [0.02, 0.9], ids=["failed already", "not failed yet"])
def test_a_silent_uplink_is_left_soon_however_long_windows_are(limit: float) -> None:
    lossy = Rule("office-lossy", Beyond(Measure.LOSS, "office", limit, 1000.0), Recover(20.0))
    probes = (probe(T1), probe(T2, name="office"))
    net = Net(policy(probes=probes, rules=(NO_INTERNET, lossy))).run(1100)
    net.dead.add(T2)
    net.run(1130)
    failed = UplinkState.FAILED if limit < 0.1 else UplinkState.HEALTHY
    assert net.state("a") is net.state("b") is failed
    net.cut("a")
    net.run(1100 + LONGEST_WAIT + 5)
    assert net.moves() == [("a", "b")]


def test_a_blind_active_uplink_is_an_error_that_is_told_ever_more_rarely() -> None:
    world = World(world_policy()).run(10.5)
    world.silence("primary")
    world.run(10.5 + 3600)
    told = [o for o in world.outputs if isinstance(o, Notice) and "nothing is known" in o.text]
    assert {o.level for o in told} == {Level.ERROR}
    assert all("it carries the traffic" in o.text for o in told)
    gaps = [round(b.at - a.at) for a, b in pairwise(told)]
    assert gaps == [60, 120, 240, 480, 960]
    assert world.active() == "primary"


def test_a_blind_standby_is_told_once_and_again_when_the_traffic_moves_there() -> None:
    world = World(world_policy()).run(10.5)
    world.silence("secondary")
    world.run(1000)
    world.link("primary", carrier=False)
    world.run(1010)
    assert world.active() == "secondary"
    told = [o for o in world.outputs if isinstance(o, Notice) and "nothing is known" in o.text]
    assert [o.level for o in told] == [Level.WARNING, Level.ERROR]


def test_a_firewall_of_this_machine_is_named_with_a_command() -> None:
    silence = Silence(30.0)
    silence.restart(0.0)
    (told,) = silence.news(30.0, "primary", "not permitted (local firewall)", active=True)
    assert told.text.endswith("nft list ruleset")
