"""The expectations of a scenario, as they are read from its file."""

from collections.abc import Iterator

from route_switcher.core.vocabulary.states import RuleState, UplinkState
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path
from route_switcher.scenarios.hook_claims import read_hook_claims
from route_switcher.scenarios.names import NONE, Names
from route_switcher.scenarios.reasons import check_reason
from route_switcher.scenarios.scenario import (
    DAMPED,
    ActiveIs,
    Assertion,
    Expectation,
    ReasonIs,
    RuleIs,
    SwitchesAre,
    UplinkIs,
)
from route_switcher.scenarios.times import read_time


def read_expectations(findings: Findings, path: Path, names: Names) -> Iterator[Expectation]:
    """The expectations of one scenario; reports what is wrong with them."""
    for inner in findings.items(path):
        if not findings.sound(inner):
            continue
        since = read_time(findings, (*inner, "from"))
        until = read_time(findings, (*inner, "at" if since is None else "until"))
        if since is not None:
            _check_stretch(findings, inner, since, until)
        assertions = tuple(_claims(findings, inner, names))
        if until is not None:
            yield Expectation(until, assertions, since)


def _check_stretch(findings: Findings, path: Path, since: int, until: int | None) -> None:
    if until is not None and since > until:
        message = "'from' is later than 'until'"
        findings.report("bad-value", path, message, "exchange the two times")
    said = {(*path, key) for key in ("active", "switches", "hooks")}
    if not said & findings.document.keys.keys():
        message = "nothing is expected of this stretch of time"
        hint = "write 'switches: 0', 'hooks: []' or an 'active' uplink beside it"
        findings.report("bad-value", path, message, hint)


def _claims(findings: Findings, path: Path, names: Names) -> Iterator[Assertion]:
    spans = findings.document.values
    yield from _actives(findings, (*path, "active"), names)
    switches = findings.get((*path, "switches"))
    if isinstance(switches, int):
        yield SwitchesAre(spans[*path, "switches"], switches)
    yield from read_hook_claims(findings, (*path, "hooks"), names)
    reason = findings.get((*path, "reason"))
    if isinstance(reason, str) and check_reason(findings, (*path, "reason"), reason, names):
        yield ReasonIs(spans[*path, "reason"], reason)
    for of_rule in findings.entries((*path, "rules")):
        rule = str(of_rule[-1])
        if not names.check_rule(findings, of_rule, rule):
            continue
        for inner in findings.entries(of_rule):
            uplink, state = str(inner[-1]), findings.get(inner)
            if names.check_judged(findings, inner, rule, uplink):
                yield RuleIs(spans[inner], rule, uplink, RuleState(state))
    for inner in findings.entries((*path, "uplinks")):
        uplink, state = str(inner[-1]), findings.get(inner)
        if names.check_uplink(findings, inner, uplink, on_key=True):
            yield UplinkIs(spans[inner], uplink, None if state == DAMPED else UplinkState(state))


def _actives(findings: Findings, path: Path, names: Names) -> Iterator[ActiveIs]:
    for inner in (path, *findings.items(path)):
        name = findings.get(inner)
        if not isinstance(name, str):
            continue
        known = name == NONE or names.check_uplink(findings, inner, name, on_key=False)
        if known:
            yield ActiveIs(findings.document.values[inner], name)
