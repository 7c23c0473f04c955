"""A reload while rounds are under way."""

from dataclasses import replace
from ipaddress import ip_address

from core.world import policy, uplink
from route_switcher.core.engine import Engine
from route_switcher.core.events import LinkState, Reload, Round, RoundOutcome, Routes, Start
from route_switcher.core.model import Family
from route_switcher.core.plan import standing_route


def test_a_round_through_the_line_that_an_uplink_had_before_a_reload_is_nothing() -> None:
    a, b = uplink("a", 0), uplink("b", 1)
    links = (LinkState("eth0"), LinkState("eth1"))
    engine = Engine(policy(a, b))
    engine.handle(Start(0.0, links, ()))
    engine.handle(Routes(0.0, (standing_route(a), standing_route(b))))
    engine.handle(Round(1.2, "a", "internet", 1.0, RoundOutcome.GOOD))
    assert engine.active(Family.IPV4) == "a"
    swapped = policy(replace(b, name="a", metric=10), replace(a, name="b", metric=20))
    engine.handle(Reload(2.1, swapped, links))
    engine.handle(Round(2.2, "a", "internet", 2.0, RoundOutcome.GOOD))
    assert engine.active(Family.IPV4) is None
    # Nothing is known of what is a now; what was a carries the traffic until another answers.
    engine.handle(Round(2.3, "b", "internet", 2.2, RoundOutcome.GOOD))
    assert engine.active(Family.IPV4) == "b"


def test_a_round_with_the_targets_that_a_probe_had_before_a_reload_is_nothing() -> None:
    rules = policy(failures=1)
    links = (LinkState("eth0"), LinkState("eth1"))
    engine = Engine(rules)
    engine.handle(Start(0.0, links, ()))
    engine.handle(Routes(0.0, tuple(standing_route(u) for u in rules.uplinks)))
    engine.handle(Round(1.2, "primary", "internet", 1.0, RoundOutcome.GOOD))
    (probe,) = rules.probes
    other = replace(rules, probes=(replace(probe, targets=(ip_address("203.0.113.9"),)),))
    engine.handle(Reload(2.5, other, links))
    assert engine.handle(Round(3.0, "primary", "internet", 2.0, RoundOutcome.FAILED)) == ()
    assert engine.handle(Round(4.0, "primary", "internet", 3.0, RoundOutcome.FAILED)) != ()
