"""What every policy that is loaded promises, and every refusal."""

import json

from route_switcher.core.model import Policy, family_of
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
        for probe in policy.probes:
            assert probe.targets_for(family)
    names = {probe.name for probe in policy.probes}
    assert {rule.probe for rule in policy.rules} - {None} == names
    for probe in policy.probes:
        assert 0 < probe.timeout <= probe.interval
        assert {family_of(target) for target in probe.targets} == set(policy.families)
