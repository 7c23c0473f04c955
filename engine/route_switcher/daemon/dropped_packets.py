"""What a person is told of packets that the probers dropped."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import asdict

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.daemon.report import say
from route_switcher.probes.counters import Counters

_FORGED = {
    "malformed": "unreadable",
    "wrong_source": "from a wrong source",
    "wrong_token": "with wrong data",
    "wrong_target": "to or about somebody else",
    "wrong_hops": "by a wrong number of routers",
}
"""Packets that no working network sends, in words."""

_ORDINARY = {
    "late": "late",
    "repeated": "repeated",
    "unasked": "that nobody waits for",
    "foreign": "for other programs",
    "implausible_stamps": "with a time that cannot be",
    "receive_errors": "that could not be received",
}
"""What a slow or busy network does. A full receive buffer is told by the prober itself."""


class DroppedPackets:
    """Counts them for each uplink, and tells what came since the last time."""

    def __init__(self) -> None:
        self._counted: dict[UplinkId, Counters] = {}
        self._told: dict[UplinkId, Mapping[str, int]] = {}

    def of(self, uplink: UplinkId) -> Counters:
        """The counters that the probers of `uplink` add to."""
        return self._counted.setdefault(uplink, Counters())

    @property
    def counted(self) -> Mapping[UplinkId, Counters]:
        """What was counted for each uplink since the engine first asked through it."""
        return self._counted

    def keep(self, uplinks: Collection[UplinkId]) -> None:
        """Forget all uplinks but these."""
        self._counted = {its: x for its, x in self._counted.items() if its in uplinks}
        self._told = {its: x for its, x in self._told.items() if its in uplinks}

    def tell(self, policy: Policy) -> None:
        """At most two lines for each uplink: a forged packet is worth more than debug level."""
        for uplink, counters in self._counted.items():
            before, now = self._told.get(uplink, {}), asdict(counters)
            new = {cause: count - before.get(cause, 0) for cause, count in now.items()}
            self._told[uplink] = now
            name = policy.label(uplink)
            _tell(logging.INFO, name, uplink, "forged or unreadable packets", new, _FORGED)
            _tell(logging.DEBUG, name, uplink, "packets", new, _ORDINARY)


def _tell(
    level: int,
    name: str,
    uplink: UplinkId,
    what: str,
    new: Mapping[str, int],
    words: Mapping[str, str],
) -> None:
    counts = {cause: new[cause] for cause in words if new[cause]}
    if counts:
        causes = ", ".join(f"{count} {words[cause]}" for cause, count in counts.items())
        say(level, "packets", f"{name}: {what} dropped: {causes}", uplink=uplink.name, **counts)
