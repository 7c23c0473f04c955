"""The names that a scenario may use, and what is said about those that no policy of it has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from route_switcher.core.vocabulary.hooks import HookKind
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import first_of
from route_switcher.policy.values import UnusableAddress, parse_address
from route_switcher.policy.yaml.reader import Path

NONE = "none"
"""What is active before anything is, unless an uplink is called so."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the policies of a scenario (its own, and those that it reloads) name."""

    targets: Mapping[str, frozenset[Target]]
    """Those that are asked through each uplink, by its name."""
    rules: Mapping[str, frozenset[str]]
    """The uplinks that each rule judges, by its name."""
    learning: Mapping[str, frozenset[Family]]
    """The families in which each uplink learns its next hop, by its name."""
    probes: Mapping[str, frozenset[str]]
    """Those that go through each uplink, by its name."""
    hooks: frozenset[HookKind] = frozenset()
    """Those for which any program is run."""

    def check_uplink(self, findings: Findings, path: Path, name: str, *, on_key: bool) -> bool:
        """Whether there is an uplink of this name; reports if not."""
        return _check(findings, path, "uplink", name, self.targets, on_key)

    def check_rule(self, findings: Findings, path: Path, name: str) -> bool:
        """Whether there is a rule of this name; reports if not."""
        return _check(findings, path, "rule", name, self.rules, True)

    def check_judged(self, findings: Findings, path: Path, rule: str, uplink: str) -> bool:
        """Whether a rule judges an uplink; reports if not."""
        if not self.check_uplink(findings, path, uplink, on_key=True):
            return False
        judged = self.rules[rule]
        if uplink not in judged:
            message = f"the rule {quoted(rule)} does not judge the uplink {quoted(uplink)}"
            hint = f"it judges: {first_of(sorted(judged))}"
            findings.report("not-judged", path, message, hint, on_key=True)
        return uplink in judged

    def is_probe(self, uplink: str, name: str) -> bool:
        """Whether a probe of this name goes through an uplink, and no target there has the name."""
        targets = {target.name for target in self.targets[uplink]}
        return name in self.probes[uplink] and name not in targets

    def target(self, findings: Findings, path: Path, uplink: str, text: str) -> Target | None:
        """The target that `text` means; None, after a report, if none is asked there."""
        known = {target.name: target for target in self.targets[uplink]}
        if text in known:
            return known[text]
        try:
            name = str(parse_address(text))
        except UnusableAddress as error:
            names = sorted({*known, *self.probes[uplink]})
            listed = f"write a target or a probe: {first_of(names)}"
            hint = findings.did_you_mean(text, names, listed)
            findings.report("bad-value", path, str(error), hint, on_key=True)
            return None
        if name in known:
            return known[name]
        names = sorted(known)
        message = f"no probe asks {text} through {quoted(uplink)}"
        hint = findings.did_you_mean(text, names, f"the targets there are: {first_of(names)}")
        findings.report("unknown-target", path, message, hint, on_key=True)
        return None


def names_of(policies: Iterable[Policy]) -> Names:
    """The names in any of the policies."""
    targets: dict[str, frozenset[Target]] = {}
    probes: dict[str, frozenset[str]] = {}
    rules: dict[str, frozenset[str]] = {}
    learning: dict[str, frozenset[Family]] = {}
    hooks: set[HookKind] = set()
    for policy in policies:
        hooks.update(hook.kind for hook in policy.hooks)
        for uplink in policy.uplinks:
            asked = frozenset(
                target
                for probe in policy.probes_through(uplink.name)
                for target in probe.targets_for(uplink.family)
            )
            through = (probe.name for probe in policy.probes_through(uplink.name))
            probes[uplink.name] = probes.get(uplink.name, frozenset()).union(through)
            targets[uplink.name] = targets.get(uplink.name, frozenset()) | asked
            learns = [uplink.family] * (uplink.gateway is GatewayMode.AUTO)
            learning[uplink.name] = learning.get(uplink.name, frozenset()).union(learns)
        for rule in (*policy.every_rule, *policy.next_hop_rules):
            judged = frozenset(u.name for u in policy.uplinks if rule.judges(u.name))
            rules[rule.name] = rules.get(rule.name, frozenset()) | judged
    return Names(targets, rules, learning, probes, frozenset(hooks))


def _check(
    findings: Findings, path: Path, kind: str, name: str, known: Iterable[str], on_key: bool
) -> bool:
    known = tuple(known)
    if name in known:
        return True
    hint = findings.did_you_mean(name, known, f"the {kind}s are: {first_of(known)}")
    message = f"the policy has no {kind} {quoted(name)}"
    findings.report(f"unknown-{kind}", path, message, hint, on_key=on_key)
    return False
