"""What an uplink says of its next hops: the keys `gateway`, `families` and `onlink`."""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from route_switcher.core.vocabulary.uplinks import Address, Family, GatewayMode, family_of
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.schema import typo_hints
from route_switcher.policy.values import UnusableAddress, parse_address
from route_switcher.policy.yaml.reader import Path

GATEWAY = "gateway"
FAMILIES = "families"
ONLINK = "onlink"

Gateway: TypeAlias = Address | GatewayMode

WORDS = {Family.IPV4: "ipv4", Family.IPV6: "ipv6"}
"""What a policy calls a family."""

_FAMILY = {word: family for family, word in WORDS.items()}
_MODES = {mode.value: mode for mode in GatewayMode}


def read_gateways(findings: Findings, path: Path) -> Mapping[Family, Gateway] | None:
    """The gateway of each family of the uplink at `path`, IPv4 first; reports what is wrong.

    None while it is not certain which families it has.
    """
    place = (*path, GATEWAY)
    if findings.entries(place):
        found = _of_each_family(findings, place)
    else:
        found = _of_one_gateway(findings, place, (*path, FAMILIES))
    if found is None:
        return None
    _check_onlink(findings, path, found.values())
    return {family: found[family] for family in Family if family in found}


def _of_each_family(findings: Findings, place: Path) -> Mapping[Family, Gateway] | None:
    found: dict[Family, Gateway] = {}
    for inner in findings.entries(place):
        gateway = _read_gateway(findings, inner)
        family = _FAMILY.get(str(inner[-1]))
        if gateway is None or family is None:
            continue
        if not isinstance(gateway, GatewayMode) and family_of(gateway) is not family:
            findings.report(
                "wrong-family",
                inner,
                f"{quoted(str(gateway))} is an {family_of(gateway)} address",
                f"write an {family} address, auto or none",
            )
            continue
        found[family] = gateway
    families = _written_families(findings, (*place[:-1], FAMILIES))
    sound = findings.sound(place) and len(found) == len(findings.entries(place))
    if families is not None and sound and set(families) != found.keys():
        findings.report(
            "wrong-family",
            (*place[:-1], FAMILIES),
            f"'{GATEWAY}' says {_joined(found)}, and '{FAMILIES}' says {_joined(families)}",
            f"remove '{FAMILIES}': the mapping of gateways says which families there are",
        )
    return found if sound else None


def _of_one_gateway(
    findings: Findings, place: Path, families_place: Path
) -> Mapping[Family, Gateway] | None:
    families = _written_families(findings, families_place)
    certain = findings.sound(families_place)
    gateway = _read_gateway(findings, place)
    if gateway is None:
        return None
    if isinstance(gateway, GatewayMode):
        return dict.fromkeys(families or (Family.IPV4,), gateway) if certain else None
    family = family_of(gateway)
    if families is not None and set(families) != {family}:
        findings.report(
            "wrong-family",
            families_place,
            f"the gateway {gateway} is of {family} alone, and '{FAMILIES}' says"
            f" {_joined(families)}",
            _two_gateways(gateway, families),
        )
    return {family: gateway}


def _two_gateways(gateway: Address, families: Collection[Family]) -> str:
    """What to write instead of one gateway and families that it does not fit."""
    own = family_of(gateway)
    if own not in families:
        return f"remove '{FAMILIES}', or write an {next(iter(families))} gateway"
    written = (
        f"{WORDS[family]}: {_flow(gateway) if family is own else GatewayMode.AUTO.value}"
        for family in Family
    )
    return f"write '{GATEWAY}: {{{', '.join(written)}}}', or remove '{FAMILIES}'"


def _flow(address: Address) -> str:
    """An address in a mapping on one line, where a ':' may mean something else."""
    return f'"{address}"' if address.version == 6 else str(address)


def _read_gateway(findings: Findings, place: Path) -> Gateway | None:
    written = findings.get(place)
    if not isinstance(written, str):
        return None
    if written in _MODES:
        return _MODES[written]
    try:
        return parse_address(written)
    except UnusableAddress as error:
        findings.report(
            "bad-address",
            place,
            str(error),
            typo_hints.address(written)
            or "write the address of the next router on this interface, or auto if it is learned,"
            " or none if there is none",
        )
        return None


def _written_families(findings: Findings, place: Path) -> Collection[Family] | None:
    """The families in the list at `place`; None if there is none, or none that is sound."""
    if place not in findings.document.keys:
        return None
    found: dict[Family, None] = {}
    for item in findings.items(place):
        family = _FAMILY.get(str(findings.get(item)))
        if family in found:
            findings.report(
                "duplicate-family",
                item,
                f"the family {quoted(WORDS[family])} is here twice",
                "remove it: once is enough",
            )
        elif family is not None:
            found[family] = None
    return found if findings.sound(place) else None


def _check_onlink(findings: Findings, path: Path, gateways: Collection[Gateway]) -> None:
    place = (*path, ONLINK)
    if place not in findings.document.keys:
        return
    if any(not isinstance(gateway, GatewayMode) for gateway in gateways):
        return
    if GatewayMode.AUTO in gateways:
        hint = "remove it: for a learned gateway the engine copies it"
    else:
        hint = "remove it: there is no gateway that could be on the link"
    findings.report(
        "onlink-without-gateway",
        place,
        f"'{ONLINK}' is about a gateway that is written, and this uplink has none",
        hint,
        on_key=True,
    )


def _joined(families: Collection[Family]) -> str:
    return " and ".join(WORDS[family] for family in _ordered(families))


def _ordered(families: Collection[Family]) -> Iterator[Family]:
    return (family for family in Family if family in families)
