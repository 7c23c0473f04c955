"""The keys `targets` and `resolver` of a probe: addresses, and names with whom to look them up."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Address, Uplink, family_of
from route_switcher.policy.checks.reader import CheckReader
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.schema import typo_hints
from route_switcher.policy.values import UnusableAddress, is_name, parse_address
from route_switcher.policy.yaml.reader import Path

RESOLVER = "resolver"


def read_targets(findings: Findings, path: Path, reader: CheckReader) -> tuple[Target, ...]:
    """The targets that stand in the list at `path`; reports those that cannot be."""
    targets: dict[Target, Path] = {}
    for place in findings.items(path):
        text = findings.get(place)
        if not isinstance(text, str):
            continue
        name = text.lower().removesuffix(".")
        if reader.takes_names and is_name(name):
            target = Target.named(name)
        else:
            try:
                target = Target.at(parse_address(text))
            except UnusableAddress as error:
                or_name = " or name" if reader.takes_names else ""
                otherwise = f"write the address{or_name} of a host that {reader.answers}"
                hint = typo_hints.target(text, by_name=reader.takes_names)
                findings.report("bad-address", place, str(error), hint or otherwise)
                continue
        if target in targets:
            findings.report(
                "duplicate-target",
                place,
                f"the target {quoted(text)} is here twice",
                "remove it: a target is asked once in a round",
            )
        targets[target] = place
    return tuple(targets)


def read_resolvers(
    findings: Findings,
    probe: Path,
    targets: Sequence[Target],
    uplinks: Collection[Uplink] | None,
) -> tuple[Target, ...]:
    """`targets`, of which those by name know whom to ask for their addresses.

    `uplinks` are those that the probe goes through; None while they are not certain.
    """
    path = (*probe, RESOLVER)
    if path not in findings.document.keys or not findings.sound(path):
        return tuple(targets)
    resolvers = tuple(_resolvers(findings, path))
    named = any(target.is_looked_up for target in targets)
    if not named and findings.sound((*probe, "targets")):
        findings.report(
            "unused-resolver",
            path,
            "no target of this probe is a name, so nothing is looked up",
            "remove 'resolver', or write a target by its name",
            on_key=True,
        )
    families = {family_of(resolver) for resolver in resolvers}
    for uplink in uplinks or () if named and findings.sound(path) else ():
        if uplink.family not in families:
            findings.report(
                "wrong-family",
                path,
                f"there is no {uplink.family} resolver for the {uplink.family} uplink"
                f" {quoted(uplink.name)}",
                "write a list with one for each family, such as [9.9.9.9, 2620:fe::fe]",
                on_key=True,
            )
            break
    return tuple(
        replace(target, resolvers=resolvers) if target.is_looked_up else target
        for target in targets
    )


def _resolvers(findings: Findings, path: Path) -> list[Address]:
    found = []
    for place in findings.items(path) or [path]:
        text = findings.get(place)
        if not isinstance(text, str):
            continue
        try:
            found.append(parse_address(text))
        except UnusableAddress as error:
            otherwise = "write the address of a DNS resolver on another machine, such as 9.9.9.9"
            hint = typo_hints.address(text) or otherwise
            findings.report("bad-address", place, str(error), hint)
    return found
