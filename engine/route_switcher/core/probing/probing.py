"""Which rounds run through which uplink, and how fast: after a new policy, and as the engine says.

The daemon (`daemon.probing`) and virtual time (`virtual.probing`) begin and end what runs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from route_switcher.core.probing.assignment import UplinkProbing, probing_of
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Uplink, UplinkId


class UplinkRounds(Protocol):
    """The rounds of all probes through one uplink, which go on until they are closed."""

    def ask(self, *, again: bool) -> None:
        """Have every probe ask at once, or `again` (see `ProbeNow`)."""
        ...

    def set_speed(self, speed: Speed) -> None:
        """Probe at this speed from now on."""
        ...

    def close(self) -> None:
        """Send nothing any more."""
        ...


Rounds = TypeVar("Rounds", bound=UplinkRounds)


def evenly(number: int, of: int) -> float:
    """After what share of the interval uplink `number` (from 0) `of` so many sends its first
    round, so that not all of them send at one instant."""
    return number / of


class Probing(ABC, Generic[Rounds]):
    """The rounds through all uplinks of a policy.

    `spread` says for uplink `number` `of` how many after what share of the interval it begins.
    """

    def __init__(self, spread: Callable[[int, int], float] = evenly) -> None:
        self._spread = spread
        self._running: dict[UplinkProbing, Rounds] = {}
        self._speeds: dict[UplinkId, Speed] = {}
        """The last speed told of each uplink, also of one whose rounds are still to come."""

    def apply_policy(self, policy: Policy) -> None:
        """Probe as `policy` says. Rounds for which it changes nothing go on undisturbed."""
        before, self._running = self._running, {}
        uplinks = {uplink.id for uplink in policy.uplinks}
        self._speeds = {its: speed for its, speed in self._speeds.items() if its in uplinks}
        for number, uplink in enumerate(policy.uplinks):
            work = probing_of(uplink, policy)
            rounds = before.pop(work, None)
            if rounds is None:
                share = self._spread(number, len(policy.uplinks))
                rounds = self._begin(uplink, work, policy, share)
                rounds.set_speed(self._speeds.get(uplink.id, Speed.NORMAL))
            self._running[work] = rounds
        for rounds in before.values():
            rounds.close()

    def ask(self, uplink: UplinkId, *, again: bool = False) -> None:
        """Have every probe ask through `uplink` at once, or `again` (see `ProbeNow`)."""
        for rounds in self._of(uplink):
            rounds.ask(again=again)

    def set_speed(self, uplink: UplinkId, speed: Speed) -> None:
        """Probe through `uplink` at this speed from now on."""
        self._speeds[uplink] = speed
        for rounds in self._of(uplink):
            rounds.set_speed(speed)

    def close(self) -> None:
        """Send nothing any more, and forget everything."""
        for rounds in self._running.values():
            rounds.close()
        self._running, self._speeds = {}, {}

    @abstractmethod
    def _begin(self, uplink: Uplink, work: UplinkProbing, policy: Policy, share: float) -> Rounds:
        """Begin the rounds through an uplink, the first after a `share` of its interval."""

    def _of(self, uplink: UplinkId) -> Iterator[Rounds]:
        return (rounds for work, rounds in self._running.items() if work.uplink == uplink)
