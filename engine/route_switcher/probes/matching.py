"""Which received packet answers which request; those that answer none are counted by cause."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.core.probing.round import Request
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packets
from route_switcher.probes.counters import Counters
from route_switcher.probes.open_round import OpenRound


@dataclass(slots=True)
class EchoRequest(Request):
    """One echo request to one target. `address` is the target as recvmsg(2) will spell it."""

    address: str
    sequence: int
    token: bytes


EchoRound: TypeAlias = OpenRound[EchoRequest]


class Matching:
    """The requests of one prober that may still be answered, by their sequence numbers."""

    def __init__(self, family: Family, counters: Counters) -> None:
        self._family = family
        self._counters = counters
        self._pending: dict[int, tuple[EchoRound, EchoRequest]] = {}

    def __len__(self) -> int:
        """How many requests may still be answered."""
        return len(self._pending)

    @property
    def rounds(self) -> Iterable[EchoRound]:
        """The rounds that these requests belong to."""
        return {open_round for open_round, _ in self._pending.values()}

    def expect(self, request: EchoRequest, open_round: EchoRound) -> None:
        """Note that `request` of `open_round` may be answered from now on."""
        self._pending[request.sequence] = open_round, request

    def forget(self, open_round: EchoRound) -> None:
        """Expect no more answers to this round."""
        for request in open_round.requests:
            # The number of one that was remembered for long may be another round's by now.
            waiting = self._pending.get(request.sequence)
            if waiting is not None and waiting[0] is open_round:
                del self._pending[request.sequence]

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
        waiting = self._pending.get(reply.sequence)
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
