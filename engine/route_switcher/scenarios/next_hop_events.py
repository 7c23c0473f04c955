"""The events of a scenario that are about next hops."""

from route_switcher.core.vocabulary.uplinks import Address, Family, family_of
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.values import UnusableAddress, parse_address
from route_switcher.policy.yaml.reader import Path
from route_switcher.scenarios.names import Names
from route_switcher.scenarios.scenario import NextHopEvent

ABSENT = "absent"
"""What is written where there is no next hop any more."""

_FAMILIES = {"ipv4": Family.IPV4, "ipv6": Family.IPV6}


def read_next_hop(findings: Findings, path: Path) -> NextHopEvent | None:
    """The event at `path`; None, after a report, if its parts do not fit together. Without a
    `family` an address is of its own, and what is absent is so in all of them."""
    text, word = str(findings.get((*path, "next_hop"))), findings.get((*path, "family"))
    family = _FAMILIES[str(word)] if word is not None else None
    gateway: Address | None = None
    if text != ABSENT:
        try:
            gateway = parse_address(text)
        except UnusableAddress as error:
            hint = f"write the address of a router, or {ABSENT}"
            findings.report("bad-value", (*path, "next_hop"), str(error), hint)
            return None
        if family not in (None, family_of(gateway)):
            message = f"{text} is no {family} address"
            hint = "leave 'family' out: an address says it by itself"
            findings.report("bad-value", (*path, "family"), message, hint)
            return None
        family = family_of(gateway)
    families = tuple(Family) if family is None else (family,)
    return NextHopEvent(str(findings.get((*path, "link"))), families, gateway)


def check_next_hop(findings: Findings, path: Path, names: Names, event: NextHopEvent) -> None:
    """Report an event about a next hop that the policy writes: it would change nothing."""
    learning = names.learning.get(event.uplink)
    if learning is not None and learning.isdisjoint(event.families):
        families = " and ".join(map(str, event.families))
        of = f" {families}" if len(event.families) == 1 else ""
        message = f"the uplink {quoted(event.uplink)} does not learn its{of} next hop"
        hint = "only an uplink with 'gateway: auto' does"
        findings.report("not-learned", (*path, "next_hop"), message, hint)
