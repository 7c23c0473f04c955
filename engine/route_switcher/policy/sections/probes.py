"""The `probes` section: what each probe means, and whether it suits the uplinks."""

from collections.abc import Collection, Iterator, Sequence

from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.core.vocabulary.probes import Probe, Quorum, Target
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.policy.checks.reader import PUBLIC, public_targets
from route_switcher.policy.checks.registry import CHECKS
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.intervals import default_times, placed, read_times
from route_switcher.policy.sections.targets import read_resolvers, read_targets
from route_switcher.policy.sections.uplink_names import KEY, read_uplink_names
from route_switcher.policy.sections.uplinks import SECTION as UPLINKS
from route_switcher.policy.yaml.reader import Path

SECTION = "probes"

DEFAULT_NAME = "internet"


def read_probes(
    findings: Findings, names: Collection[str], uplinks: Sequence[Uplink] | None
) -> tuple[Probe, ...]:
    """Every probe that is sound.

    `names` are those of the uplinks that are written; `uplinks` is None while not all of them are
    certain.
    """
    if (SECTION,) not in findings.document.keys:
        return (_default_probe(uplinks or ()),)
    probes = tuple(_sound_probes(findings, names, uplinks))
    if findings.complete(SECTION):
        _check_every_uplink_is_probed(findings, names, probes)
    return probes


def _default_probe(uplinks: Sequence[Uplink]) -> Probe:
    check = IcmpEcho()
    targets = public_targets(check, {uplink.family for uplink in uplinks})
    return Probe(name=DEFAULT_NAME, check=check, targets=targets, quorum="any", **default_times())


def _sound_probes(
    findings: Findings, names: Collection[str], uplinks: Sequence[Uplink] | None
) -> Iterator[Probe]:
    for path in findings.entries((SECTION,)):
        written = findings.get((*path, "type"))
        if not isinstance(written, str):
            continue  # Its other keys are known to be of the right kind only if its type is.
        reader = CHECKS[written]
        check = reader.read(findings, path)
        times = read_times(findings, path, reader.default_timeout)
        through = read_uplink_names(findings, (*path, KEY), names)
        asked = None
        if uplinks is not None and findings.sound((*path, KEY)):
            asked = [u for u in uplinks if through is None or u.name in through]
        targets_path = (*path, "targets")
        if targets_path in findings.document.keys:
            targets = read_targets(findings, targets_path, reader)
            if asked is not None and findings.sound(targets_path):
                check_families(findings, targets_path, targets, asked, all_of_them=through is None)
        elif check is not None:
            targets = reader.default_targets(check, {uplink.family for uplink in asked or ()})
        else:
            targets = ()
        if reader.needs_gateway and asked is not None:
            _check_gateways(findings, path, asked)
        targets = read_resolvers(findings, path, targets, asked)
        quorum = read_quorum(findings, path, targets)
        if check is not None and findings.sound(path):
            yield Probe(
                name=str(path[-1]),
                check=check,
                targets=targets,
                quorum=quorum,
                uplinks=through,
                **times,
            )


def check_families(
    findings: Findings,
    path: Path,
    targets: Sequence[Target],
    uplinks: Sequence[Uplink],
    *,
    all_of_them: bool,
) -> None:
    """The targets against the uplinks that the probe goes through, which may be all there are."""
    none_is = "no uplink is" if all_of_them else "no uplink of the probe is"
    remedy = "add an uplink with a gateway" if all_of_them else "name an uplink"
    for family in Family:
        uplink = next((uplink for uplink in uplinks if uplink.family is family), None)
        if uplink is None:
            for index, target in enumerate(targets):
                if target.family is not family:
                    continue
                findings.report(
                    "wrong-family",
                    (*path, index),
                    f"{quoted(target.name)} is an {family} target, and {none_is} {family}",
                    f"remove it, or {remedy} of that family",
                )
        elif not any(target.is_asked_in(family) for target in targets):
            findings.report(
                "wrong-family",
                path,
                f"there is no {family} target for the {family} uplink {quoted(uplink.name)}",
                f"add one, for example {PUBLIC[family]}",
                on_key=True,
            )


def _check_gateways(findings: Findings, path: Path, uplinks: Sequence[Uplink]) -> None:
    for uplink in uplinks:
        if uplink.gateway is GatewayMode.NONE:
            findings.report(
                "no-gateway-to-ask",
                (*path, "type"),
                f"the uplink {quoted(uplink.name)} has no gateway that could be asked",
                f"name the uplinks that have one in '{KEY}', or ask with 'type: echo'",
            )
            return


def read_quorum(
    findings: Findings, path: Path, targets: Sequence[Target], base: Path | None = None
) -> Quorum:
    """How many of `targets` must answer: by the key at `path`, or else at `base`."""
    quorum = findings.get(placed(findings, path, base, "quorum"))
    if not isinstance(quorum, int):
        return "all" if quorum == "all" else "any"
    if findings.sound((*path, "targets")):
        for family in Family:
            count = sum(target.is_asked_in(family) for target in targets)
            if 0 < count < quorum:
                findings.report(
                    "quorum-above-targets",
                    (*path, "quorum"),
                    f"{quorum} is more than there are {family} targets ({count})",
                    f"write all, or at most {count}, or add targets",
                )
    return quorum


def _check_every_uplink_is_probed(
    findings: Findings, names: Collection[str], probes: Sequence[Probe]
) -> None:
    if any(probe.uplinks is None for probe in probes):
        return
    probed = {name for probe in probes for name in probe.uplinks or ()}
    for name in names:
        if name not in probed:
            findings.report(
                "uplink-without-probe",
                (UPLINKS, name),
                f"no probe goes through the uplink {quoted(name)}",
                f"add it to the '{KEY}' of a probe, or add a probe for it",
                on_key=True,
            )
