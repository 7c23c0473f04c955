"""The active uplink goes, and what answers beside it answers too late for a rule."""

from route_switcher.core.vocabulary.conditions import Beyond, Measure
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from support.answering import NO_INTERNET, RTT, UNPLUGGED, Net, policy, probe
from support.world import uplink

LATE = 19 / 64


def slow(*uplinks: str) -> Rule:
    return Rule("slow", Beyond(Measure.LATENCY, "internet", 0.1, 10.0), Recover(20.0), uplinks)


def late(*names: str) -> Net:
    """Three uplinks, of which those with these names answer late."""

    def fate(name: str, _: Target) -> float:
        return LATE if name in names else RTT

    net = Net(
        policy(
            *(uplink(name, number) for number, name in enumerate("abc")),
            probes=(probe(),),
            rules=(NO_INTERNET, slow(*names), UNPLUGGED),
        )
    )
    net.fates = fate
    return net


def test_an_unplugged_uplink_is_left_at_once_for_one_that_is_failed_and_answers() -> None:
    """What has no link is silent, whatever its latest rounds were: no run of them is waited for."""
    net = late("b")
    net.cut("c")
    net.run(100.25)
    net.unplug("eth0")
    net.run(130.0)
    (move,) = net.decisions()
    assert (move.previous, move.selected) == ("a", "b")
    assert move.at < 101.0


def test_nothing_is_waited_for_while_one_of_the_others_answers() -> None:
    """All are failed: two are slow, one is cut. The best of them has the traffic: no news."""
    net = late("a", "b")
    net.run(10.0).cut("c")
    net.run(100.0)
    assert net.failed() == {"a", "b", "c"}
    assert net.notices("staying") == []
