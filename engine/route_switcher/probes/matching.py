"""Which received packet answers which request; those that answer none are counted by cause."""

from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.core.probing.round import Request
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packets
from route_switcher.probes.counters import Counters
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.pending import Pending


@dataclass(slots=True)
class EchoRequest(Request):
    """One echo request to one target. `address` is the target as recvmsg(2) will spell it."""

    address: str
    sequence: int
    token: bytes


EchoRound: TypeAlias = OpenRound[EchoRequest]


class Matching(Pending[int, EchoRequest]):
    """The requests of one prober that may still be answered, by their sequence numbers."""

    def __init__(self, family: Family, counters: Counters) -> None:
        super().__init__(lambda request: request.sequence)
        self._family = family
        self._counters = counters

    def match(
        self, packet: bytes, source: str, identifier: int
    ) -> tuple[EchoRound, EchoRequest] | None:
        """The request that this packet answers, and its round; None, and a count, if none."""
        counters = self._counters
        reply = packets.reply(self._family, packet)
        if reply is None:
            counters.malformed += 1
            return None
        if reply.identifier != identifier:
            counters.foreign += 1
            return None
        waiting = self.get(reply.sequence)
        if waiting is None:
            counters.unasked += 1
            return None
        _, request = waiting
        if source != request.address:
            counters.wrong_source += 1
        elif reply.token != request.token:
            counters.wrong_token += 1
        elif request.settled:
            counters.repeated += 1
        else:
            return waiting
        return None
