"""Which received packet answers which request; those that answer none are counted by cause."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.core.probing.round import Request
from route_switcher.core.vocabulary.policy import Family
from route_switcher.probes import packets
from route_switcher.probes.open_round import OpenRound


@dataclass(slots=True)
class EchoRequest(Request):
    """One echo request to one target. `address` is the target as recvmsg(2) will spell it."""

    address: str
    sequence: int
    token: bytes


EchoRound: TypeAlias = OpenRound[EchoRequest]


@dataclass(slots=True)
class Counters:
    """Packets that were read and dropped, by cause, and what else went wrong in receiving."""

    malformed: int = 0
    """A wrong checksum among them."""
    foreign: int = 0
    """Answers to other programs: another identifier. The kernel keeps most of them out."""
    unasked: int = 0
    """Ours by identifier, but nobody waits: too late, or forged."""
    wrong_source: int = 0
    wrong_token: int = 0
    repeated: int = 0
    late: int = 0
    """Answers after the timeout, to a round that had not ended or was followed."""
    implausible_stamps: int = 0
    """Timestamps not believed: the wall clock was set. The packet counts as of its reading."""
    receive_errors: int = 0
    overruns: int = 0
    """How often the receive buffer was found to have been full."""


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
