"""The `rules` section: what each rule means, and whether the probes serve it."""

from collections.abc import Iterator, Sequence

from route_switcher.core.model import CarrierDown, ConsecutiveFailures, Recover, Rule
from route_switcher.policy import probes
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.source import Path
from route_switcher.policy.suggestions import listed

SECTION = "rules"

DEFAULT_FAILURES = 3
DEFAULT_STABLE = 60.0
"""Seconds. Both are the seed's."""
LONGEST_STABLE = 24 * 3600.0


def read_rules(findings: Findings) -> tuple[Rule, ...]:
    """Every rule that is sound."""
    # No names are known while the section may be there under a misspelt key.
    names = [str(path[-1]) for path in findings.entries((probes.SECTION,))]
    if not names and findings.complete(probes.SECTION):
        names = [probes.DEFAULT_NAME]
    if (SECTION,) not in findings.document.keys:
        return _default_rules(names)
    rules = tuple(_sound_rules(findings, names))
    _check_names(findings)
    if findings.complete(SECTION):
        _check_every_probe_is_used(findings, names, rules)
    return rules


def _default_rules(names: Sequence[str]) -> tuple[Rule, ...]:
    failures, recover = ConsecutiveFailures(DEFAULT_FAILURES), Recover(DEFAULT_STABLE)
    counted = (Rule(f"no-{name}", name, failures, recover) for name in names)
    return (*counted, Rule("unplugged", None, CarrierDown(), recover))


def _sound_rules(findings: Findings, names: Sequence[str]) -> Iterator[Rule]:
    for path in findings.items((SECTION,)):
        stable_path = (*path, "recover", "stable")
        stable = probes.read_seconds(findings, stable_path, "stable time", 0, LONGEST_STABLE)
        probe = _read_probe(findings, path, names)
        name = findings.get((*path, "name"))
        if not isinstance(name, str) or not findings.sound(path):
            continue
        failures = findings.get((*path, "fail", "failures"))
        fail = ConsecutiveFailures(failures) if isinstance(failures, int) else CarrierDown()
        yield Rule(name, probe, fail, Recover(DEFAULT_STABLE if stable is None else stable))


def _read_probe(findings: Findings, path: Path, names: Sequence[str]) -> str | None:
    """The name of the rule's probe; None for a rule about the carrier, or after a report."""
    probe = findings.get((*path, "probe"))
    if isinstance(probe, str):
        if names and probe not in names:
            findings.report(
                "unknown-probe",
                (*path, "probe"),
                f"there is no probe {quoted(probe)}",
                findings.did_you_mean(probe, names, f"the probes are: {listed(names)}"),
            )
        return probe
    failures = findings.get((*path, "fail", "failures"))
    if failures is None or not findings.sound((*path, "probe")) or not names:
        return None
    if len(names) == 1:
        return names[0]
    findings.report(
        "missing-key",
        path,
        "a rule about failures needs the key 'probe' where there are several probes",
        f"write one of: {listed(names)}",
    )
    return None


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
    findings: Findings, names: Sequence[str], rules: Sequence[Rule]
) -> None:
    used = {rule.probe for rule in rules}
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
