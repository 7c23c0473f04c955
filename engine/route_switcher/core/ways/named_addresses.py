"""The addresses that names of targets had last, through each uplink: rounds tell them."""

from collections.abc import Mapping
from ipaddress import ip_address

from route_switcher.core.vocabulary.effects import AskWays
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Address, UplinkId


class NamedAddresses:
    """Remembers them for as long as the engine runs."""

    __slots__ = ("_addresses",)

    def __init__(self) -> None:
        self._addresses: dict[UplinkId, dict[Target, Address]] = {}

    def on_round(self, event: Round) -> list[Output]:
        """Take the addresses that a round has asked; the kernel is asked of those that are new."""
        named = [a.target for a in event.answers if a.target.is_looked_up and a.target.address]
        if not named:
            return []
        known = self._addresses.setdefault(event.uplink, {})
        new = tuple(t for t in named if str(known.get(t)) != t.address)
        if not new:
            return []
        self._addresses[event.uplink] = known | {t: ip_address(t.address) for t in new}
        return [AskWays(event.at, event.uplink, new)]

    @property
    def addresses(self) -> Mapping[UplinkId, Mapping[Target, Address]]:
        """Of each uplink, by target."""
        return self._addresses
