"""What a probe measured: the windows of its targets, by the quorum."""

import pytest

from route_switcher.core.health.measurements import Measurements
from route_switcher.core.vocabulary.conditions import Measure
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Quorum, Target
from route_switcher.core.vocabulary.uplinks import Family
from support.pinging import pinging, target

LOSS, LATENCY = Measure.LOSS, Measure.LATENCY
T1, T2, T3 = (target(f"203.0.113.{n}") for n in (1, 2, 3))


def measuring(quorum: Quorum, suspects: set[Target] | None = None) -> Measurements:
    probe = pinging("internet", T1, T2, T3, quorum=quorum)
    return Measurements(probe, Family.IPV4, 10, 3, suspects if suspects is not None else set())


def feed(it: Measurements, begin: int, end: int, **rtts: float | None) -> None:
    for at in range(begin, end):
        it.add(at, [Answer(target(f"203.0.113.{k[1]}"), rtt) for k, rtt in rtts.items()])


@pytest.mark.parametrize(
    ("quorum", "lossy", "beyond"),
    [
        *[("any", 1, False), ("any", 2, False), ("any", 3, True)],
        *[("all", 0, False), ("all", 1, True)],
        *[(2, 1, False), (2, 2, True), (9, 1, True)],
    ],
)
def test_the_limit_is_exceeded_when_too_few_targets_for_the_quorum_keep_it(
    quorum: Quorum, lossy: int, beyond: bool
) -> None:
    it = measuring(quorum)
    feed(it, 0, 11, **{f"t{n}": None if n <= lossy else 0.02 for n in (1, 2, 3)})
    assert it.beyond(LOSS, 0.2) == beyond
    assert it.within(LOSS, 0.2) == (not beyond)


def test_a_suspect_target_is_left_out_and_the_count_shrinks() -> None:
    suspects: set[Target] = set()
    it = measuring(3, suspects)
    feed(it, 0, 11, t1=0.02, t2=0.02, t3=None)
    assert it.beyond(LOSS, 0.2)
    suspects.add(T3)
    assert not it.beyond(LOSS, 0.2)
    assert it.within(LOSS, 0.2)
    assert it.describe(LOSS) == "loss 0 % over 10 s"


def test_what_a_target_lost_while_it_was_suspect_is_not_held_against_the_uplink() -> None:
    suspects: set[Target] = {T3}
    it = measuring("all", suspects)
    feed(it, 0, 20, t1=0.02, t2=0.02, t3=None)
    suspects.clear()
    feed(it, 20, 22, t1=0.02, t2=0.02, t3=0.02)
    assert not it.beyond(LOSS, 0.2)


def test_a_silent_target_says_nothing_of_latency() -> None:
    it = measuring("all")
    feed(it, 0, 11, t1=0.3, t2=0.3, t3=None)
    assert it.beyond(LATENCY, 0.25)
    assert not it.beyond(LATENCY, 0.3)
    assert it.within(LATENCY, 0.3)
    silent = measuring("all")
    feed(silent, 0, 11, t1=None, t2=None, t3=None)
    assert not silent.beyond(LATENCY, 0.25)
    assert not silent.within(LATENCY, 0.25)


def test_targets_of_the_other_family_and_those_not_asked_are_not_measured() -> None:
    both = (T1, target("2001:db8:ffff::1"))
    probe = pinging("internet", *both, quorum="all")
    it = Measurements(probe, Family.IPV4, 5, 3, set())
    for at in range(7):
        it.add(at, [Answer(both[0], 0.02), Answer(both[1], None)])
    assert it.within(LOSS, 0.0)
    it.add(7, [Answer(both[0], None, "no buffer", asked=False)])
    assert it.within(LOSS, 0.0)
