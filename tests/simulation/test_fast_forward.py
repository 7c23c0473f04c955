"""A simulation that leaps says what one that makes every round says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.outputs import Decision, Notice, Output, RuleChange
from route_switcher.core.vocabulary.policy import (
    Damping,
    FailBack,
    HoldBack,
    Policy,
    Recover,
    Rule,
)
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.simulation.episodes import Episode, Episodes, Flapping, RandomEpisodes, Union
from route_switcher.simulation.network import Brownout, Network, WanLine
from route_switcher.simulation.simulate import SimulationResult, simulate
from support.pinging import pinging, target

SECONDS = 600.0
_COUNT = re.compile(r"\d+ (?=good rounds? in a row)")
TARGETS = tuple(target(f"203.0.113.{n}") for n in (1, 2))
NAMES = ("primary", "secondary", "third")


def _uplinks(count: int) -> tuple[Uplink, ...]:
    gateways = [ip_address(f"198.51.100.{n + 1}") for n in range(count)]
    return tuple(
        Uplink(NAMES[n], f"eth{n}", gateway, 10 * (n + 1), Family.IPV4)
        for n, gateway in enumerate(gateways)
    )


def _milliseconds(*values: int) -> st.SearchStrategy[float]:
    return st.sampled_from([value / 1000 for value in values])


@st.composite
def _probes(draw: st.DrawFn, name: str, uplinks: tuple[str, ...] | None) -> Probe:
    timeout = draw(_milliseconds(100, 200, 333))
    fast = draw(_milliseconds(333, 500))
    interval = draw(_milliseconds(500, 700, 1000))
    return pinging(
        name,
        *TARGETS[: draw(st.integers(1, 2))],
        quorum=draw(st.sampled_from(["any", "all", 1])),
        interval=interval,
        timeout=timeout,
        fast=min(fast, interval),
        down=draw(st.sampled_from([interval, 2.0, 5.0])),
        standby=draw(st.sampled_from([interval, 3.0, 10.0, 60.0])),
        uplinks=uplinks,
    )


_held = _milliseconds(0, 0, 0, 300, 2000)
_measures = st.sampled_from(
    [(Measure.LOSS, 0.05), (Measure.LOSS, 0.3), (Measure.LATENCY, 0.1), (Measure.JITTER, 0.02)]
)
_overs = st.sampled_from([5.0, 20.0, 120.0])


def _fails(probe: str) -> st.SearchStrategy[Condition]:
    leaves: st.SearchStrategy[Condition] = st.one_of(
        st.builds(ConsecutiveFailures, st.just(probe), st.integers(1, 4), _held),
        st.builds(
            lambda m, over, held: Beyond(m[0], probe, m[1], over, held), _measures, _overs, _held
        ),
        st.builds(CarrierDown, _held),
    )
    parts = st.lists(leaves, min_size=1, max_size=2).map(tuple)
    return st.one_of(leaves, leaves, st.builds(AnyOf, parts, _held), st.builds(AllOf, parts, _held))


def _recovers(probe: str) -> st.SearchStrategy[Condition | None]:
    return st.one_of(
        st.none(),
        st.builds(ConsecutiveSuccesses, st.just(probe), st.integers(1, 5), _held),
        st.builds(
            lambda m, over, held: Within(m[0], probe, m[1], over, held), _measures, _overs, _held
        ),
        st.builds(CarrierUp, _held),
    )


def _rules(probe: Probe) -> st.SearchStrategy[Rule]:
    stable = _milliseconds(0, 5000, 12_300, 60_000)
    return st.builds(
        Rule,
        st.just(f"rule of {probe.name}"),
        _fails(probe.name),
        st.builds(Recover, stable, _recovers(probe.name)),
        st.just(probe.uplinks) if probe.uplinks else st.sampled_from([None, NAMES[:1]]),
    )


_dampings = st.builds(
    Damping,
    half_life=st.just(60.0),
    suppress=st.sampled_from([1.5, 3.0]),
    reuse=st.just(1.0),
    max_hold=st.just(240.0),
)
_hold_backs = st.builds(
    HoldBack,
    st.sampled_from([0.0, 0.0, 45.0]),
    st.sampled_from([None, None, 2]),
    st.one_of(st.none(), _dampings),
    st.sampled_from(FailBack),
)


@st.composite
def _policies(draw: st.DrawFn) -> Policy:
    probes = [draw(_probes("internet", None))]
    if draw(st.booleans()):
        probes.append(draw(_probes("office", draw(st.sampled_from([None, NAMES[:1]])))))
    rules = [draw(_rules(probe)) for probe in probes]
    uplinks = _uplinks(draw(st.integers(1, 3)))
    return Policy(uplinks, tuple(probes), tuple(rules), False, draw(_hold_backs))


@st.composite
def _lines(draw: st.DrawFn, seed: str, everywhere: Episodes) -> WanLine:
    rates = st.sampled_from([0.0, 1 / 600, 1 / 200])
    lengths = st.sampled_from([0.5, 4.0, 40.0, 300.0])
    dead = RandomEpisodes(f"{seed}/dead", draw(rates), draw(lengths))
    flaps = Flapping(f"{seed}/flap", RandomEpisodes(f"{seed}/flaps", draw(rates), 20.0), 2.0, 3.0)
    return WanLine(
        latency=draw(_milliseconds(5, 20, 123)),
        loss=draw(st.sampled_from([0.0, 0.002, 0.02])),
        dead=Union((dead, flaps, everywhere)),
        unplugged=RandomEpisodes(f"{seed}/unplugged", draw(rates), draw(lengths)),
        brown=RandomEpisodes(f"{seed}/brown", draw(rates), draw(lengths)),
        brownout=draw(st.sampled_from([Brownout(0.3, 0.15, 0.05), Brownout(latency=0.15)])),
    )


@st.composite
def _networks(draw: st.DrawFn) -> Network:
    seed = draw(st.integers(0, 10_000))
    rates = st.sampled_from([0.0, 1 / 400])
    everywhere = RandomEpisodes(f"{seed}/all", draw(rates), 200.0)
    lines = {name: draw(_lines(f"{seed}/{name}", everywhere)) for name in NAMES}
    lengths = st.sampled_from([15.0, 200.0])
    targets = {
        target: RandomEpisodes(f"{seed}/{target}", draw(rates), draw(lengths)) for target in TARGETS
    }
    return Network(lines, targets, seed)


def _run(
    policy: Policy, network: Network, *, leaping: bool
) -> tuple[list[Output], SimulationResult]:
    outputs: list[Output] = []
    result = simulate(
        policy, network, SECONDS, leaping=leaping, tell=lambda o: outputs.append(_uncounted(o))
    )
    return [output for output in outputs if not _asks_again(output)], result


def _asks_again(output: Output) -> bool:
    """Whether it is one of those that come each second while all are down."""
    return isinstance(output, ProbeNow) and output.again


def _uncounted(output: Output) -> Output:
    """Without the number of good rounds in a row, of which a leap counts none."""
    match output:
        case RuleChange():
            return replace(output, evidence=_COUNT.sub("", output.evidence))
        case Decision():
            return replace(output, evidence=tuple(_COUNT.sub("", e) for e in output.evidence))
        case Notice():
            return replace(output, text=_COUNT.sub("", output.text))
    return output


@pytest.mark.long
@given(_policies(), _networks())
@settings(max_examples=25, deadline=None)
def test_leaps_change_no_decision_and_no_figure(policy: Policy, network: Network) -> None:
    outputs, result = _run(policy, network, leaping=True)
    expected, whole = _run(policy, network, leaping=False)
    assert outputs == expected
    assert result.uplinks == whole.uplinks
    assert result.families == whole.families
    assert whole.fast_forwards == 0


def _quiet(policy: Policy) -> Network:
    return Network({u.name: WanLine(loss=0.001) for u in policy.uplinks}, {})


def _plain(interval: float = 1.0, standby: float = 1.0) -> Policy:
    probe = pinging("internet", *TARGETS[:1], interval=interval, timeout=0.5, standby=standby)
    fail: Sequence[Condition] = [
        ConsecutiveFailures("internet", 3),
        Beyond(Measure.LOSS, "internet", 0.2, 30.0),
    ]
    rule = Rule("no-internet", AnyOf(tuple(fail)), Recover(60.0))
    return Policy(_uplinks(2), (probe,), (rule,), False)


def test_nearly_all_of_a_quiet_time_is_leapt() -> None:
    policy = _plain()
    _, result = _run(policy, _quiet(policy), leaping=True)
    assert result.leapt > 0.8 * SECONDS


def test_other_speeds_are_leapt_too() -> None:
    policy = _plain(interval=0.7, standby=10.0)
    _, result = _run(policy, _quiet(policy), leaping=True)
    assert result.leapt > 0.3 * SECONDS


@pytest.mark.parametrize("hold_back", [HoldBack(400.0), HoldBack(fail_back=FailBack.MANUAL)])
def test_the_time_in_which_a_move_is_held_back_is_leapt_and_the_move_comes_when_it_would(
    hold_back: HoldBack,
) -> None:
    policy = replace(_plain(), hold_back=hold_back)
    lines = {name: WanLine(loss=0.0) for name in ("primary", "secondary")}
    lines["primary"] = replace(lines["primary"], dead=(Episode(20.0, 40.0),))
    network = Network(lines, {})
    outputs, result = _run(policy, network, leaping=True)
    assert (outputs, result.leapt > 0.7 * SECONDS) == (
        _run(policy, network, leaping=False)[0],
        True,
    )
    moves = [output.cause for output in outputs if isinstance(output, Decision)]
    assert len(moves) == (3 if hold_back.min_stay else 2)


@pytest.mark.parametrize("name", ["primary", "secondary"])
@pytest.mark.parametrize("trouble", ["dead", "unplugged"])
@pytest.mark.parametrize("down", [1.0, 5.0])
def test_the_time_in_which_an_uplink_stays_failed_is_leapt_and_it_recovers_when_it_would(
    name: str, trouble: str, down: float
) -> None:
    plain = _plain()
    policy = replace(plain, probes=(replace(plain.probes[0], down_interval=down),))
    lines = {each: WanLine(loss=0.002) for each in ("primary", "secondary")}
    course = (Episode(20.0, 480.0),)
    if trouble == "dead":
        lines[name] = replace(lines[name], dead=course)
    else:
        lines[name] = replace(lines[name], unplugged=course)
    network = Network(lines, {})
    outputs, result = _run(policy, network, leaping=True)
    expected, whole = _run(policy, network, leaping=False)
    assert outputs == expected
    assert result.uplinks == whole.uplinks
    assert result.families == whole.families
    assert result.leapt > 0.4 * SECONDS
    moves = [output.cause for output in outputs if isinstance(output, Decision)]
    assert len(moves) == (3 if name == "primary" else 1)


_LONG = (Episode(20.0, 580.0),)


def _all_down(line: WanLine) -> Network:
    return Network({name: replace(line, dead=_LONG) for name in NAMES}, {})


def _without_targets(line: WanLine, *targets: Target) -> Network:
    return Network(dict.fromkeys(NAMES, line), dict.fromkeys(targets, _LONG))


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(_all_down(WanLine(loss=0.002)), id="all lines are dead"),
        pytest.param(_without_targets(WanLine(), *TARGETS), id="all targets are gone"),
        pytest.param(_without_targets(WanLine(), TARGETS[0]), id="a target is gone"),
        pytest.param(
            Network(dict.fromkeys(NAMES, WanLine(brown=_LONG, brownout=Brownout(latency=0.1))), {}),
            id="all answers are late by the same",
        ),
    ],
)
@pytest.mark.parametrize(
    ("measured", "interval", "down", "quorum"),
    [(True, 1.0, 1.0, "any"), (False, 1.0, 1.0, "any"), (False, 2.0, 10.0, "all")],
)
@pytest.mark.long
def test_the_time_in_which_nothing_is_drawn_by_lot_is_leapt(
    network: Network, measured: bool, interval: float, down: float, quorum: Literal["any", "all"]
) -> None:
    plain = _plain(interval=interval, standby=interval)
    probe = pinging("internet", *TARGETS, interval=interval, timeout=0.4, down=down, quorum=quorum)
    policy = replace(plain, probes=(probe,))
    if not measured:
        rule = replace(plain.rules[0], fail=ConsecutiveFailures("internet", 3))
        policy = replace(policy, rules=(rule,))
    outputs, result = _run(policy, network, leaping=True)
    expected, whole = _run(policy, network, leaping=False)
    assert outputs == expected
    assert result.uplinks == whole.uplinks
    assert result.families == whole.families
    assert result.leapt > 0.5 * SECONDS
