"""What can be wrong with a link, and how each place says it: the log of the core, a refusal of the
kernel, and a round. The words are part of the log, so they stay as they are."""

from enum import Enum

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.uplinks import Family


class LinkTrouble(Enum):
    """What is wrong, the worst first; the values are the words of a round."""

    MISSING = "interface missing"
    DOWN = "link down"
    NO_ADDRESS = "no address"
    NO_CARRIER = "no carrier"


def trouble_for_routes(link: LinkState, family: Family) -> LinkTrouble | None:
    """Why the kernel takes no route or packet of `family` there, if it takes none. It needs no
    carrier for that."""
    if not link.present:
        return LinkTrouble.MISSING
    if not link.up:
        return LinkTrouble.DOWN
    return None if family in link.families else LinkTrouble.NO_ADDRESS


def describe_refusal(trouble: LinkTrouble, interface: str, family: Family) -> str:
    """It as the reason of a refused route."""
    return {
        LinkTrouble.MISSING: f"interface {interface} is missing",
        LinkTrouble.DOWN: f"link {interface} is down",
        LinkTrouble.NO_ADDRESS: f"{interface} has no {family} address",
        LinkTrouble.NO_CARRIER: f"{interface} has no carrier",
    }[trouble]


def describe_link(link: LinkState) -> str:
    """Whether a link carries something, and if not, why not, in words."""
    if not link.present:
        return f"interface {link.interface} is missing"
    if not link.up:
        return f"{link.interface} is down"
    return f"{link.interface} has no carrier" if not link.carrier else f"{link.interface} is up"
