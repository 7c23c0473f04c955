"""The ways in which a probe can ask its targets: facts about each, and nothing that sends.

What sends is a prober (`route_switcher.probes`): one for each way.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, NamedTuple, TypeAlias


class Layer(IntEnum):
    """What a check needs to work, in this order: where one is broken, those after it are too."""

    LINK = 1
    """The interface is up and has a carrier."""
    GATEWAY = 2
    """The next hop answers ARP or neighbour discovery."""
    FORWARDING = 3
    """The next hop forwards packets."""
    ICMP = 4
    """Echo requests are answered."""
    DNS = 5
    """A resolver answers."""
    TCP = 6
    """Connections are made."""
    TLS = 7
    """The other end proves its name."""
    HTTP = 8
    """The page that is wanted comes, and no portal."""
    FULL_SIZE = 9
    """Packets of full size arrive."""
    PROGRAM = 10
    """A program of the administrator is content."""


class Packets(NamedTuple):
    """The packets of one target in one round, both ways: bytes of each, without its IP header."""

    asking: tuple[int, ...]
    """What is sent, whether or not the target answers."""
    answered: tuple[int, ...]
    """What follows where it answers: its answer, and what that takes."""


@dataclass(frozen=True, slots=True)
class IcmpEcho:
    """An echo request to each target, which sends back what it carries (RFC 792, RFC 4443)."""

    verb: ClassVar[str] = "pinged"
    """What is done to a target, as a sentence has it after `is` or `are`."""
    packets: ClassVar[Packets] = Packets(asking=(8 + 16,), answered=(8 + 16,))
    """A header of ICMP, and a token by which the answer is known."""
    layer: ClassVar[Layer] = Layer.ICMP


@dataclass(frozen=True, slots=True)
class TcpConnect:
    """A TCP connection to a port of each target (RFC 9293), which is reset at once."""

    port: int
    refused_is_good: bool = False
    """A target that refuses the connection has answered."""
    packets: ClassVar[Packets] = Packets(asking=(40,), answered=(40, 32, 32))
    """SYN; then SYN and ACK, ACK, and RST, with the options that Linux sends."""
    layer: ClassVar[Layer] = Layer.TCP

    @property
    def verb(self) -> str:
        """What is done to a target, as a sentence has it after `is` or `are`."""
        return f"asked for a TCP connection to port {self.port}"


Check: TypeAlias = IcmpEcho | TcpConnect
"""Each has `verb`, `packets` and `layer`. Two checks that are equal ask in the same way."""
