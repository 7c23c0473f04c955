"""What `route-switcher history` tells: switches, outages, and how good each uplink was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.journal.reading import Journal
from route_switcher.journal.summary import Stream, Sums
from route_switcher.past.account import Account
from route_switcher.past.accountant import Accountant
from route_switcher.past.figures import Figures, of_uplink, without
from route_switcher.past.switches import Switch, Switches
from route_switcher.past.troubles import Kind


@dataclass(frozen=True, slots=True)
class History:
    """All of it."""

    account: Account
    switches: tuple[Switch, ...]
    sums: Mapping[Stream, Sums]
    damaged: int
    """Bytes of the journal that could not be read."""

    def figures(self, uplink: UplinkId) -> Sums:
        """What came of all rounds through an uplink."""
        return of_uplink(self.sums, uplink)

    def failures(self, uplink: UplinkId) -> int:
        """How often it was without service."""
        return len(self.account.troubles_of(uplink, Kind.NO_SERVICE))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its uplinks, each once."""
        return tuple(dict.fromkeys(uplink.name for uplink in self.account.uplinks))


def read_history(
    journal: Journal, since: float, until: float, policy_of: Callable[[str], Policy | None]
) -> History:
    """The history of a time; `policy_of` makes a policy of its text, or None if it cannot be read.

    Raises NoJournal and LaterVersion.
    """
    accountant = Accountant(since, until, policy_of)
    switches, figures = Switches(), Figures(since, until)

    def calm() -> bool:
        return switches.calm and accountant.calm()

    def counts_only(like: Round) -> bool:
        return switches.calm and accountant.counts_only(like)

    for entry in journal.entries(since, until, calm=calm, counts_only=counts_only):
        if entry.wall > until:
            continue
        accountant.take(entry)
        switches.take(entry)
        figures.take(entry)
    damaged = journal.damaged
    account = accountant.close()
    watched = without([(since, until)], [gap.span for gap in account.gaps])
    return History(
        account,
        tuple(switch for switch in switches.close() if switch.decided >= since),
        figures.close(journal.rounds, watched),
        damaged,
    )
