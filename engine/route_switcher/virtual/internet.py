"""What lies behind the uplinks, as the virtual world asks it: what becomes of every target."""

from typing import Protocol, TypeAlias

from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import UplinkId

Fate: TypeAlias = float | str | None
"""What becomes of one target in one round: seconds until it answers (more than the timeout: late);
None: it never does; text: it could not be asked, and why, which says nothing of the uplink."""


class Internet(Protocol):
    """Says what becomes of every target of every round."""

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        """What becomes of one target of a round that is sent now.

        Asked once for each target of each round, in the order of sending, where the link is
        connected. `sent_at` is the time in seconds; `probe` is a name.
        """
        ...
