"""The key `probes` of an uplink: what is otherwise when a probe goes through it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from route_switcher.core.vocabulary.checks import Check, IcmpEcho
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.policy.checks.registry import CHECKS
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections import probes, uplinks
from route_switcher.policy.sections.intervals import bound_hints, read_times
from route_switcher.policy.sections.targets import RESOLVER, read_resolvers, read_targets
from route_switcher.policy.suggestions import first_of
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import format_duration

KEY = "probes"


def override(
    findings: Findings,
    written: Sequence[Probe],
    the_uplinks: Sequence[Uplink],
    rules: Sequence[Rule],
) -> tuple[Probe, ...]:
    """The probes as they are through each uplink.

    A probe that some uplinks override stands here several times, by the same name: each time for
    other uplinks.
    """
    names = tuple(dict.fromkeys(uplink.name for uplink in the_uplinks))
    by_name = {probe.name: probe for probe in written}
    found: dict[str, list[Probe]] = {}
    for name in names:
        for path in findings.entries((uplinks.SECTION, name, KEY)):
            of_uplink = [uplink for uplink in the_uplinks if uplink.name == name]
            probe = _overridden(findings, path, by_name, of_uplink)
            if probe is not None:
                _check_windows(findings, path, probe, rules)
                found.setdefault(probe.name, []).append(probe)
    return tuple(_apart(written, found, names))


def bound_hints_of_overrides(findings: Findings) -> None:
    """What is left of `override` while the uplinks are not certain."""
    for uplink in findings.entries((uplinks.SECTION,)):
        for path in findings.entries((*uplink, KEY)):
            bound_hints(findings, path, (probes.SECTION, str(path[-1])))


def _apart(
    written: Sequence[Probe], found: Mapping[str, Sequence[Probe]], names: Collection[str]
) -> Iterator[Probe]:
    for probe in written:
        others = found.get(probe.name, ())
        if not others:
            yield probe
            continue
        apart = {name for other in others for name in other.uplinks or ()}
        left = tuple(n for n in names if probe.goes_through(n) and n not in apart)
        if left:
            yield replace(probe, uplinks=left)
        yield from others


def _overridden(
    findings: Findings, path: Path, written: Mapping[str, Probe], through: Sequence[Uplink]
) -> Probe | None:
    """The probe that is written at `path`, in the uplink `through`, as it is there."""
    name, base = str(path[-1]), (probes.SECTION, str(path[-1]))
    if base not in findings.document.keys:
        known = [str(each[-1]) for each in findings.entries((probes.SECTION,))]
        hint = findings.did_you_mean(name, known, f"the probes are: {first_of(known)}")
        hint = hint if known else "write the section 'probes' first"
        findings.report(
            "unknown-probe", path, f"there is no probe {quoted(name)}", hint, on_key=True
        )
        return None
    probe = written.get(name)
    if probe is None:
        return None
    uplink = through[0].name
    if not probe.goes_through(uplink):
        message = f"the probe {quoted(name)} does not go through the uplink {quoted(uplink)}"
        hint = f"add the uplink to its 'uplinks', or remove {quoted(name)} here"
        findings.report("not-probed", path, message, hint, on_key=True)
        return None
    reader = CHECKS[str(findings.get((*base, "type")))]
    times = read_times(findings, path, reader.default_timeout, base)
    targets = probe.targets
    targets_path = (*path, "targets")
    if targets_path in findings.document.keys and any(t.is_of_uplink for t in targets):
        findings.report(
            "no-targets",
            targets_path,
            f"the probe {quoted(name)} asks no hosts, but what each uplink has for itself",
            "remove 'targets' here",
            on_key=True,
        )
    elif targets_path in findings.document.keys:
        targets = read_targets(findings, targets_path, reader)
        if findings.sound(targets_path):
            probes.check_families(findings, targets_path, targets, through, all_of_them=False)
    resolver = path if (*path, RESOLVER) in findings.document.keys else base
    targets = read_resolvers(findings, resolver, targets, through)
    quorum = probes.read_quorum(findings, path, targets, base)
    check = _check(findings, path, probe.check)
    if not findings.sound(path):
        return None
    there = replace(probe, check=check, targets=targets, quorum=quorum, uplinks=(uplink,))
    return replace(there, **times)


def _check(findings: Findings, path: Path, check: Check) -> Check:
    """The check as it is at `path`."""
    place = (*path, "size")
    size = findings.get(place)
    if not isinstance(size, int):
        return check
    if isinstance(check, IcmpEcho):
        return replace(check, size=size)
    message = f"the probe {quoted(str(path[-1]))} has no size"
    hint = "only a probe of type icmp has one"
    findings.report("bad-value", place, message, hint, on_key=True)
    return check


def _check_windows(findings: Findings, path: Path, probe: Probe, rules: Sequence[Rule]) -> None:
    """The windows of rules against an interval that is longer here."""
    (uplink,) = probe.uplinks or ("",)
    for rule in rules:
        if not rule.judges(uplink):
            continue
        windows = [w for leaf in rule.leaves if leaf.probe == probe.name and (w := leaf.window)]
        if windows and min(windows) < probe.interval:
            findings.report(
                "window-below-interval",
                (*path, "interval"),
                f"the interval {format_duration(probe.interval)} is longer than the window"
                f" {format_duration(min(windows))} of the rule {quoted(rule.name)}",
                "nothing can be measured in less than one interval: write at most"
                f" {format_duration(min(windows))}, or a rule for this uplink alone",
            )
