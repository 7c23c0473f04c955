"""The key `also` of the section `routes`: further prefixes that move with the default route."""

from collections.abc import Sequence
from ipaddress import ip_network

from route_switcher.core.vocabulary.uplinks import Family, Prefix, Uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.tables import SECTION
from route_switcher.policy.yaml.reader import Path

ALSO = "also"

_NOWHERE = {
    "0.0.0.0/8": "is this machine itself",
    "127.0.0.0/8": "is this machine itself",
    "169.254.0.0/16": "is link-local: it never leaves the wire",
    "224.0.0.0/4": "is multicast",
    "255.255.255.255/32": "is the broadcast address",
    "::/128": "is no address",
    "::1/128": "is this machine itself",
    "fe80::/10": "is link-local: it never leaves the wire",
    "ff00::/8": "is multicast",
}
"""Prefixes of which no part is behind a gateway (IANA, special-purpose address registries)."""

_WIDE = 8
"""Bits. A shorter prefix is a part of the internet, such as one half of it, and covers gateways
with that; the networks that they are in are more specific."""


def read_also(findings: Findings, uplinks: Sequence[Uplink]) -> tuple[Prefix, ...]:
    """The prefixes; reports those that make no sense. `uplinks` are those that are sound."""
    found: dict[Prefix, None] = {}
    for path in findings.items((SECTION, ALSO)):
        prefix = _read(findings, path)
        if prefix is None:
            continue
        trouble = _trouble(prefix, uplinks, duplicate=prefix in found)
        if trouble is not None:
            message, hint = trouble
            findings.report("bad-prefix", path, f"{prefix} {message}", hint)
        found[prefix] = None
    return tuple(found)


def _read(findings: Findings, path: Path) -> Prefix | None:
    written = findings.get(path)
    if not isinstance(written, str):
        return None
    try:
        prefix = ip_network(written, strict=False)
    except ValueError:
        message = f"{quoted(written)} is not a prefix"
        findings.report("bad-prefix", path, message, "write for example 198.18.0.0/15")
        return None
    if prefix != _exact(written):
        message = f"{quoted(written)} has bits behind the prefix"
        findings.report("bad-prefix", path, message, f"write {prefix}")
        return None
    return prefix


def _exact(written: str) -> Prefix | None:
    try:
        return ip_network(written)
    except ValueError:
        return None


def _trouble(
    prefix: Prefix, uplinks: Sequence[Uplink], *, duplicate: bool
) -> tuple[str, str] | None:
    """What is wrong with it, and a hint; None: nothing."""
    remove = "remove it"
    if prefix.prefixlen == 0:
        return "is the default route, which moves anyway", remove
    if duplicate:
        return "is here twice", remove
    for each, what in _NOWHERE.items():
        special = ip_network(each)
        if prefix.version == special.version and special.supernet_of(prefix):  # type: ignore[arg-type]
            return what, "write a prefix that is behind the gateways"
    family = Family(prefix.version)
    if uplinks and all(uplink.family is not family for uplink in uplinks):
        return (
            f"is {family}, and no uplink has {family}",
            f"remove it, or add {family} to an uplink",
        )
    for uplink in uplinks:
        gateway = uplink.written_gateway
        if gateway is not None and prefix.prefixlen >= _WIDE and gateway in prefix:
            return (
                f"covers {gateway}, the gateway of the uplink {quoted(uplink.name)}",
                "write a prefix that is behind the gateways",
            )
    return None
