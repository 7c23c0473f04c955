"""A policy that is looked at for doubtful parts: what it means, and where each part stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from route_switcher.analysis.monitoring import UplinkMonitoring, monitoring_of
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition, Leaf
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.load import Loaded
from route_switcher.policy.problems import Severity
from route_switcher.policy.sections.rules import place_of_rule
from route_switcher.policy.yaml.reader import Path


@dataclass(frozen=True, slots=True)
class LintContext:
    """A sound policy and what is doubtful of it so far."""

    policy: Policy
    findings: Findings

    @classmethod
    def of(cls, loaded: Loaded) -> "LintContext":
        """A policy of which nothing has been found yet."""
        return cls(loaded.policy, Findings(loaded.document))

    def warn(
        self, code: str, path: Path, message: str, hint: str = "", *, on_key: bool = False
    ) -> None:
        """Something is probably a mistake."""
        self._report(code, path, message, hint, on_key, Severity.WARNING)

    def note(
        self, code: str, path: Path, message: str, hint: str = "", *, on_key: bool = False
    ) -> None:
        """Something a person may want to know."""
        self._report(code, path, message, hint, on_key, Severity.NOTE)

    def rules(self) -> Iterator[tuple[Path, Rule]]:
        """The rules, each with its place; those that no file spells out stand at the uplinks."""
        written = ("rules",) in self.findings.document.keys
        for rule in self.policy.rules:
            yield (
                (place_of_rule(self.findings.document, rule.name) if written else ("uplinks",)),
                rule,
            )

    def probes(self) -> Iterator[tuple[Path, Probe]]:
        """The probes, each with its place; one that no file spells out stands at the uplinks."""
        written = ("probes",) in self.findings.document.keys
        for probe in self.policy.probes:
            name, here = probe.name, ("uplinks", *(probe.uplinks or ())[:1], "probes", probe.name)
            overridden = here in self.findings.document.keys
            yield here if overridden else ("probes", name) if written else ("uplinks",), probe

    def names(self) -> Iterator[tuple[Path, str]]:
        """The names of the uplinks, each once, with its place."""
        for name in self.policy.names:
            yield ("uplinks", name), name

    def probe(self, name: str) -> Probe:
        """The probe of this name."""
        return next(p for p in self.policy.probes if p.name == name)

    def judged_by(self, rule: Rule) -> Sequence[Uplink]:
        """The uplinks that a rule judges."""
        return [u for u in self.policy.uplinks if rule.judges(u.name)]

    def may_stand_by(self, uplink: Uplink) -> bool:
        """Whether there is another uplink of its family that may be active."""
        return len(self.policy.uplinks_of(uplink.family)) > 1

    def monitoring_of_rule(self, rule: Rule) -> Sequence[tuple[Uplink, UplinkMonitoring]]:
        """The ways in which the uplinks of a rule are watched, each with the first such uplink."""
        found: dict[tuple[UplinkMonitoring, int], Uplink] = {}
        for uplink in self.judged_by(rule):
            key = monitoring_of(self.policy, uplink.name), uplink.family.value
            found.setdefault(key, uplink)
        return [(uplink, monitoring) for (monitoring, _), uplink in found.items()]

    def leaves(self, condition: Condition | None, path: Path) -> Iterator[tuple[Path, Leaf]]:
        """The leaves of a condition that stands at `path`, each with its place."""
        for place, part in parts(condition, path):
            if not isinstance(part, AnyOf | AllOf):
                yield place, part

    def _report(
        self, code: str, path: Path, message: str, hint: str, on_key: bool, severity: Severity
    ) -> None:
        self.findings.report(code, path, message, hint, on_key=on_key, severity=severity)


def parts(condition: Condition | None, path: Path) -> Iterator[tuple[Path, Condition]]:
    """A condition that stands at `path` and all within it, each with its place."""
    if condition is None:
        return
    yield path, condition
    if isinstance(condition, AnyOf | AllOf):
        key = "any" if isinstance(condition, AnyOf) else "all"
        for index, part in enumerate(condition.conditions):
            yield from parts(part, (*path, key, index))
