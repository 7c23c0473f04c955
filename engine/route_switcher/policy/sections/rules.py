"""The `rules` section: what each rule means, and whether the probes serve it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.policy import DEFAULT_STABLE, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections import probes
from route_switcher.policy.sections.bounds import read_seconds
from route_switcher.policy.sections.conditions import Conditions, Side
from route_switcher.policy.sections.rule_probes import RuleProbes
from route_switcher.policy.sections.uplink_names import KEY, read_uplink_names
from route_switcher.policy.suggestions import first_of
from route_switcher.policy.yaml.reader import Document, Path
from route_switcher.text.durations import MONTH

SECTION = "rules"

DEFAULT_FAILURES = 3
"""The seed's, as is the default stable time."""


def read_rules(
    findings: Findings, uplinks: Collection[str], sound_probes: Sequence[Probe]
) -> tuple[Rule, ...]:
    """Every rule that is sound. `uplinks` are the names that are written."""
    # No names are known while the section may be there under a misspelt key.
    names = dict.fromkeys(str(path[-1]) for path in findings.entries((probes.SECTION,)))
    if not names and findings.complete(probes.SECTION):
        names = {probes.DEFAULT_NAME: None}
    by_name = {probe.name: probe for probe in sound_probes}
    if (SECTION,) not in findings.document.keys:
        return _default_rules(sound_probes)
    rules = tuple(_Rules(findings, uplinks, names, by_name).sound())
    _check_names(findings)
    if findings.complete(SECTION):
        _check_every_probe_is_used(findings, names, rules)
    return rules


def place_of_rule(document: Document, name: str) -> Path:
    """Where the rule of that name is written; where it would be, if it is not."""
    data = document.data.get(SECTION) if isinstance(document.data, dict) else None
    rules = data if isinstance(data, list) else []
    named = (at for at, rule in enumerate(rules) if isinstance(rule, dict) and rule["name"] == name)
    return SECTION, next(named, len(rules))


def _default_rules(sound_probes: Sequence[Probe]) -> tuple[Rule, ...]:
    recover = Recover(DEFAULT_STABLE)
    return tuple(
        Rule(
            f"no-{probe.name}",
            ConsecutiveFailures(probe.name, DEFAULT_FAILURES),
            recover,
            probe.uplinks,
        )
        for probe in sound_probes
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """Reads the rules, one by one."""

    findings: Findings
    uplinks: Collection[str]
    """The names of those that are written, in order of preference."""
    names: Collection[str]
    """The names of the probes that are written; none while they are not certain."""
    probes: Mapping[str, Probe]
    """Those that are sound, by name."""

    def sound(self) -> Iterator[Rule]:
        for path in self.findings.items((SECTION,)):
            probe = RuleProbes(self.findings, self.names, path).read()
            fail_path, recover_path = ((*path, side.value) for side in Side)
            fail = Conditions(self.findings, Side.FAIL, self.probes, probe).read(fail_path)
            recover = Conditions(self.findings, Side.RECOVER, self.probes, probe).read(recover_path)
            stable_path = (*recover_path, "stable")
            stable = read_seconds(self.findings, stable_path, "stable time", 0, MONTH)
            uplinks = read_uplink_names(self.findings, (*path, KEY), self.uplinks)
            name = self.findings.get((*path, "name"))
            if not isinstance(name, str) or fail is None or not self.findings.sound(path):
                continue
            stable = DEFAULT_STABLE if stable is None else stable
            rule = Rule(name, fail, Recover(stable, recover), uplinks)
            yield replace(rule, uplinks=self._judged(path, rule))

    def _judged(self, path: Path, rule: Rule) -> tuple[str, ...] | None:
        """The uplinks that a rule judges: its probes go through each of them."""
        used = rule.probes
        if not used <= self.probes.keys() or not self.uplinks:
            return rule.uplinks
        through = {
            name: set(probe.uplinks)
            for name, probe in self.probes.items()
            if name in used and probe.uplinks is not None
        }
        if rule.uplinks is not None:
            self._check_probed((*path, KEY), through)
            return rule.uplinks
        if not through:
            return None
        shared = set.intersection(*through.values())
        if not shared:
            self.findings.report(
                "no-shared-uplink",
                path,
                "the probes of this rule share no uplink:"
                f" {first_of([quoted(name) for name in through])}",
                "let them go through one uplink, or write a rule for each",
            )
        return tuple(name for name in self.uplinks if name in shared)

    def _check_probed(self, path: Path, through: Mapping[str, Collection[str]]) -> None:
        """The uplinks that the rule names against those that each of its probes goes through."""
        for place in self.findings.items(path):
            uplink = self.findings.get(place)
            missing = next((p for p, uplinks in through.items() if uplink not in uplinks), None)
            if missing is not None:
                self.findings.report(
                    "uplink-without-probe",
                    place,
                    f"the probe {quoted(missing)} of this rule does not go through the uplink"
                    f" {quoted(uplink)}",
                    f"remove it here, or add it to the '{KEY}' of the probe",
                )


def _check_names(findings: Findings) -> None:
    first: dict[str, Path] = {}
    for path in findings.items((SECTION,)):
        name_path = (*path, "name")
        name = findings.get(name_path)
        if not isinstance(name, str):
            continue
        if name in first:
            line = findings.document.values[first[name]].line
            findings.report(
                "duplicate-name",
                name_path,
                f"a rule in line {line} has the name {quoted(name)} already",
                "give every rule a name of its own",
            )
        first.setdefault(name, name_path)


def _check_every_probe_is_used(
    findings: Findings, names: Collection[str], rules: Sequence[Rule]
) -> None:
    used = {name for rule in rules for name in rule.probes}
    written = (probes.SECTION,) in findings.document.keys
    for name in names:
        if name not in used:
            findings.report(
                "unused-probe",
                (probes.SECTION, name) if written else (SECTION,),
                f"no rule uses the probe {quoted(name)}",
                f"add a rule such as '{{name: no-{name}, probe: {name}, fail:"
                f" {{failures: {DEFAULT_FAILURES}}}}}'" + (", or remove it" if written else ""),
                on_key=True,
            )
