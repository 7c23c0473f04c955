"""Which uplinks of an old policy go on in a new one, and what they are called there.

What is known of an uplink is known of its line: an interface carries one uplink of each family. So
state goes with the interface and the family, whatever the name is.
"""

from collections.abc import Iterable, Mapping

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Uplink, UplinkId


def names_now(
    old: Iterable[UplinkHealth], new: Iterable[Uplink], links: Mapping[str, LinkState]
) -> dict[UplinkId, UplinkId]:
    """What the uplinks that go on are called now, by what they were called.

    An interface is the same where the kernel's own name of it is: a policy may say another that the
    kernel knows. `links` tells of those that the new uplinks name.
    """
    before = {(h.link.own_name, h.uplink.family): h.uplink.id for h in old}
    now = {(links[u.interface].own_name, u.family): u.id for u in new}
    return {before[line]: its for line, its in now.items() if line in before}


def preferred_before(old: Policy, one: Uplink, other: Uplink) -> bool:
    """Whether `old` had both of these, and preferred `one` to `other`."""
    lines = [(uplink.interface, uplink.family) for uplink in old.uplinks]
    places = [(uplink.interface, uplink.family) for uplink in (one, other)]
    return all(its in lines for its in places) and sorted(places, key=lines.index) == places
