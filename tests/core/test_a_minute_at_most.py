"""Traffic does not stay on a dead uplink for more than a minute while another answers.

The design names the exceptions: a forced order, and a route that the kernel refuses.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.answering import NO_INTERNET, T1, T2, T3, UNPLUGGED, Net, policy, probe
from core.twins import NAMES, Twin, policies
from route_switcher.core.conditions import ConsecutiveFailures
from route_switcher.core.health import UplinkState
from route_switcher.core.model import Address, Family, Policy, Recover, Rule, answers_needed
from route_switcher.core.verdicts import LONGEST_WAIT
from route_switcher.virtual.internet import Fate

BROKEN_AT = 60.0
LATE = 10.0
"""Seconds for the rounds that are asked for when the minute is over."""

rare = st.builds(
    lambda interval, targets, quorum: probe(
        *targets, quorum=quorum, timeout=0.5, interval=interval, name="b"
    ),
    st.sampled_from([2.0, 30.0, 300.0]),
    st.sampled_from([(T1,), (T1, T2), (T1, T2, T3)]),
    st.sampled_from(["any", "all"]),
)
patient = st.builds(
    lambda name, failures: Rule("patient", ConsecutiveFailures(name, failures), Recover(5.0)),
    st.sampled_from(["a", "b"]),
    st.sampled_from([10, 300]),
)
slow_to_judge = st.builds(
    lambda one, its, rule: replace(one, probes=(one.probes[0], its), rules=(*one.rules, rule)),
    policies,
    rare,
    patient,
)
places = st.sets(st.tuples(st.sampled_from(NAMES[1:]), st.sampled_from([T1, T2, T3])))


@settings(max_examples=40, deadline=None)
@given(slow_to_judge, places, places)
def test_a_dead_uplink_is_left_within_a_minute_for_one_that_answers(
    rules: Policy, dead: set[tuple[str, Address]], unknown: set[tuple[str, Address]]
) -> None:
    net = Twin(rules).run(BROKEN_AT)

    def fate(name: str, target: Address) -> Fate:
        if name == "a" or (name, target) in dead:
            return None
        return "no buffer" if (name, target) in unknown else 1 / 64

    def answers(name: str) -> bool:
        return any(
            sum(isinstance(fate(name, target), float) for target in targets)
            >= answers_needed(its.quorum, len(targets))
            and not any(isinstance(fate(name, target), str) for target in targets)
            for its in rules.probes
            for targets in [its.targets_for(Family.IPV4)]
        )

    net.fates = fate
    while net.now < BROKEN_AT + 4 * LONGEST_WAIT:
        net.run(net.now + 5)
        active = net.active()
        if active != "a" or net.state("a") is not UplinkState.FAILED:
            continue
        began = net.world.engine.health("a").failing_since
        if net.now - max(BROKEN_AT, began) > LONGEST_WAIT + LATE:
            others = [line.name for line in rules.uplinks[1:]]
            assert not any(answers(name) for name in others), (net.now, others)


def test_an_uplink_one_of_whose_probes_never_answered_is_used_after_a_minute() -> None:
    office = probe(T2, timeout=0.5, interval=30.0, name="office")
    its = Rule("office", ConsecutiveFailures("office", 10), Recover(5.0))
    for unheard in (None, "no buffer"):
        net = Net(policy(probes=(probe(), office), rules=(NO_INTERNET, UNPLUGGED, its)))
        net.fates = _only_the_first(unheard)
        net.run(30.5)
        net.cut("a")
        net.run(30.5 + LONGEST_WAIT + LATE)
        assert net.state("b") is UplinkState.UNKNOWN
        assert net.moves() == [("a", "b")]


def _only_the_first(other: Fate) -> Callable[[str, Address], Fate]:
    return lambda name, target: other if (name, target) == ("b", T2) else 1 / 64
