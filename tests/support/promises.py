"""What every policy that is loaded promises, and every refusal."""

import json

from route_switcher.core.vocabulary.conditions import Beyond, ConsecutiveSuccesses, Within, leaves
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.load import load_bytes, load_text
from route_switcher.policy.problems import PolicyProblems, as_data, render, render_github

LONGEST_LINE = 1000
"""Characters that a person is shown on one line, at most."""


def outcome(content: str | bytes) -> Policy | PolicyProblems:
    load = load_bytes if isinstance(content, bytes) else load_text
    try:
        return load(content, "policy.yaml")  # type: ignore[arg-type]
    except PolicyProblems as problems:
        return problems


def check(content: str | bytes) -> None:
    """Load `content`, whatever it is, and see that what comes out can be relied on."""
    result = outcome(content)
    if isinstance(result, Policy):
        check_promises(result)
        return
    assert result.problems
    assert all(line.replace("\t", "").isprintable() for line in render(result))
    assert all("\n" not in line for line in render_github(result))
    assert max(map(len, render(result))) < LONGEST_LINE
    json.dumps([as_data(problem) for problem in result.problems])


def check_promises(policy: Policy) -> None:
    """What `core.model.Policy` and the route model rely on."""
    assert policy.uplinks
    for family in policy.families:
        uplinks = policy.uplinks_of(family)
        metrics = [uplink.metric for uplink in uplinks]
        demoted = [uplink.demoted_metric for uplink in uplinks]
        assert metrics == sorted(set(metrics))
        assert metrics[-1] < demoted[0]
        assert len({uplink.interface for uplink in uplinks}) == len(uplinks)
    for uplink in policy.uplinks:
        assert policy.probes_through(uplink.name)
        assert all(probe.targets_for(uplink.family) for probe in policy.probes_through(uplink.name))
    names = {probe.name for probe in policy.probes}
    assert {name for rule in policy.rules for name in rule.probes} == names
    for probe in policy.probes:
        _check_probe(policy, probe)
    for rule in policy.rules:
        _check_rule(policy, rule)
    for name in policy.names:
        assert len({uplink.interface for uplink in policy.named(name)}) == 1
        assert len(set(policy.families_of(name))) == len(policy.families_of(name))
    last = policy.placement.table_of(len(policy.names) - 1)
    assert not policy.placement.own or last < 2**32
    damping = policy.hold_back.damping
    if damping is not None:
        assert 0 < damping.reuse < damping.suppress
        ceiling = damping.reuse * 2 ** (damping.max_hold / damping.half_life)
        assert ceiling > damping.suppress * (1 - 1e-9)


def _check_probe(policy: Policy, probe: Probe) -> None:
    assert 0 < probe.timeout <= probe.fast_interval <= probe.interval
    assert probe.interval <= min(probe.down_interval, probe.standby_interval)
    through = [uplink for uplink in policy.uplinks if probe.goes_through(uplink.name)]
    families = {uplink.family for uplink in through}
    # A name, and the uplink itself, are of every family.
    assert {target.family for target in probe.targets} <= {*families, None}
    assert all(probe.targets_for(family) for family in families)
    names = dict.fromkeys(uplink.name for uplink in through)
    assert probe.uplinks is None or list(names) == list(probe.uplinks)
    if isinstance(probe.quorum, int):
        counts = (len(probe.targets_for(family)) for family in Family)
        assert probe.quorum <= min(count for count in counts if count)


def _check_rule(policy: Policy, rule: Rule) -> None:
    judged = [name for name in policy.names if rule.judges(name)]
    # A probe that an uplink overrides stands there several times, each for other uplinks.
    probes = [
        (probe.name, uplink, probe)
        for probe in policy.probes
        for uplink in judged
        if probe.goes_through(uplink)
    ]
    assert judged
    assert rule.uplinks is None or judged == list(rule.uplinks)
    through = {(name, uplink) for name, uplink, _ in probes}
    assert through >= {(name, uplink) for name in rule.probes for uplink in judged}
    recover = rule.recover.condition
    failing, recovering = list(leaves(rule.fail)), list(leaves(recover)) if recover else []
    assert failing
    assert not any(isinstance(leaf, Within | ConsecutiveSuccesses) for leaf in failing)
    assert not any(isinstance(leaf, Beyond) for leaf in recovering)
    for leaf in (*failing, *recovering):
        assert leaf.for_seconds >= 0
        if isinstance(leaf, Beyond | Within):
            asked = [probe for name, _, probe in probes if name == leaf.probe]
            assert all(leaf.over >= probe.interval for probe in asked)
