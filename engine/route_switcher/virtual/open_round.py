"""One round that was sent and not told yet: what becomes of its targets, and what it comes to."""

from dataclasses import dataclass

from route_switcher.core.vocabulary.events import LinkState, RoundOutcome
from route_switcher.core.vocabulary.link_troubles import describe_link, trouble_for_routes
from route_switcher.core.vocabulary.policy import Family
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.quorum import Quorum, Verdict


@dataclass(slots=True, eq=False)
class OpenRound:
    """A round through one uplink; times are nanoseconds."""

    sent: int
    followed: bool
    """Whether what becomes of its targets later is told."""
    fault: str
    """Why the kernel took no packet of it; empty if it did."""
    fates: tuple[Fate, ...]
    ends: int
    verdict: Verdict | None = None
    """What it came to; it waits for an older round then."""

    def judge(self, quorum: Quorum, link: LinkState) -> Verdict:
        """What it comes to.

        One that failed entirely while the link is down failed because it is down.
        """
        if self.fault:
            return quorum.unsent(self.fault)
        verdict = quorum.verdict(self.fates)
        outcome, answers, _ = verdict
        if outcome is not RoundOutcome.FAILED or link.connected:
            return verdict
        if any(answer.rtt is not None for answer in answers):
            return verdict
        return outcome, answers, describe_link(link)


def fault_of(link: LinkState, family: Family) -> str:
    """Why the kernel takes no packet, as `probes.reasons` has it; empty if it takes it, which it
    does where only a carrier lacks."""
    trouble = trouble_for_routes(link, family)
    return "" if trouble is None else trouble.value
