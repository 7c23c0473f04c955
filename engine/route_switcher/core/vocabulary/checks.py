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
    more_over_ipv6: int = 0
    """Bytes that each has more over IPv6."""


_GATEWAY = "the gateway of each uplink"


TOKEN_SIZE = 16
"""Bytes by which an answer is known."""


@dataclass(frozen=True, slots=True)
class IcmpEcho:
    """An echo request to each target, which sends back what it carries (RFC 792, RFC 4443)."""

    size: int | None = None
    """Bytes that it carries behind its header of ICMP, in one piece; None: as few as will do."""
    subject: ClassVar[str] = ""
    """Who is asked, where it is what each uplink has for itself (`Target.of_uplink`)."""

    @property
    def verb(self) -> str:
        """What is done to a target, as a sentence has it after `is` or `are`."""
        return "pinged" if self.size is None else f"pinged with {self.size} bytes"

    @property
    def packets(self) -> Packets:
        """A header of ICMP, and a token by which the answer is known."""
        one = 8 + (self.size or TOKEN_SIZE)
        return Packets(asking=(one,), answered=(one,))

    @property
    def layer(self) -> Layer:
        """Small packets may pass where those of full size do not."""
        return Layer.ICMP if self.size is None else Layer.FULL_SIZE


@dataclass(frozen=True, slots=True)
class TcpConnect:
    """A TCP connection to a port of each target (RFC 9293), which is reset at once."""

    port: int
    refused_is_good: bool = False
    """A target that refuses the connection has answered."""
    subject: ClassVar[str] = ""
    packets: ClassVar[Packets] = Packets(asking=(40,), answered=(40, 32, 32))
    """SYN; then SYN and ACK, ACK, and RST, with the options that Linux sends."""
    layer: ClassVar[Layer] = Layer.TCP

    @property
    def verb(self) -> str:
        """What is done to a target, as a sentence has it after `is` or `are`."""
        return f"asked for a TCP connection to port {self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpGet:
    """A page fetched from each target, by a new connection (RFC 9112), and what it must be like."""

    host: str
    """The name or address of the URL, as the server is told it, and as its certificate has it."""
    port: int
    tls: bool
    path: str
    """With the query; it begins with a slash."""
    status: int | None = None
    """The status that is wanted; None: any from 200 to 299."""
    body: str = ""
    """What must stand in the page."""
    header: tuple[str, str] | None = None
    """The name of a header, in lower case, and what must stand in it."""
    subject: ClassVar[str] = ""
    layer: ClassVar[Layer] = Layer.HTTP

    @property
    def url(self) -> str:
        """The URL in its shortest form."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.tls else 80)
        port = "" if usual else f":{self.port}"
        return f"http{'s' * self.tls}://{host}{port}{self.path}"

    @property
    def verb(self) -> str:
        """What is done to a target, as a sentence has it after `is` or `are`."""
        return f"asked for {self.url}"

    @property
    def packets(self) -> Packets:
        """What a small page takes: a longer one, or longer certificates, take more."""
        request = 32 + len(self.path) + len(self.host) + _REQUEST
        if not self.tls:
            return Packets(asking=(40,), answered=(40, 32, request, 32, 32 + _PAGE, *_END))
        return Packets(
            asking=(40,),
            answered=(40, 32, *_HANDSHAKE, request + _RECORD, 32 + _PAGE + _RECORD, *_END),
        )


_REQUEST = 80
"""Bytes of a request beside its path and host."""
_PAGE = 150
"""Bytes of the headers of an empty page: nginx sends 115. It makes up for a bare acknowledgement as
well, which a line sends or spares as its times have it."""
_END = (32, 32, 32)
"""What acknowledges the page, the end of the server's side, and the reset."""
_RECORD = 22
"""Bytes that TLS 1.3 puts around what it carries (RFC 8446, section 5.2)."""
_HANDSHAKE = (32 + 517, 32, 32 + 1448, 32 + 1448, 32, 32 + 850, 32, 32 + 80, 32, 32 + 2 * 255)
"""What each side says, and what the other acknowledges, where the certificates of the server have
3,500 bytes. That is an assumption: each byte more is one more."""


@dataclass(frozen=True, slots=True)
class NeighbourQuery:
    """A question to the gateway of each uplink whether it is there: ARP (RFC 826), or neighbour
    discovery (RFC 4861)."""

    subject: ClassVar[str] = _GATEWAY
    verb: ClassVar[str] = "asked for by ARP or neighbour discovery"
    packets: ClassVar[Packets] = Packets(asking=(8,), answered=(8,), more_over_ipv6=24)
    """ARP has no IP header: 28 bytes in all. Over IPv6 each carries an option of 8 bytes."""
    layer: ClassVar[Layer] = Layer.GATEWAY


@dataclass(frozen=True, slots=True)
class GatewayEcho:
    """A packet that is addressed to this machine, sent to the gateway of each uplink: its
    forwarding plane sends it back (the idea of RFC 9747)."""

    subject: ClassVar[str] = _GATEWAY
    verb: ClassVar[str] = "sent a packet that it has to send back"
    packets: ClassVar[Packets] = Packets(asking=(8 + 16,), answered=(8 + 16,))
    """A header of UDP, and a token by which it is known."""
    layer: ClassVar[Layer] = Layer.FORWARDING


@dataclass(frozen=True, slots=True)
class DnsQuery:
    """A question to each target, which is a resolver, for records of a name (RFC 1035)."""

    name: str
    """In lower case, without the last dot."""
    record: str
    """The type of record."""
    values: frozenset[str] = frozenset()
    """One of these must be among the records; none: any record will do."""
    subject: ClassVar[str] = ""
    layer: ClassVar[Layer] = Layer.DNS

    @property
    def verb(self) -> str:
        """What is done to a target, as a sentence has it after `is` or `are`."""
        return f"asked for the {self.record} record of {self.name}"

    @property
    def packets(self) -> Packets:
        """A header of UDP, the question with EDNS; and the same with one record."""
        asked = 8 + 12 + len(self.name) + 2 + 4 + 11
        return Packets(asking=(asked,), answered=(asked + 12 + _RECORD_SIZES.get(self.record, 20),))


@dataclass(frozen=True, slots=True)
class ExecProgram:
    """A program of the administrator's, run for each uplink: exit code 0 in time is good."""

    run: tuple[str, ...]
    """Its absolute path, and its arguments."""
    verb: ClassVar[str] = "run"
    packets: ClassVar[Packets] = Packets(asking=(), answered=())
    """Nobody knows what it sends."""
    layer: ClassVar[Layer] = Layer.PROGRAM

    @property
    def subject(self) -> str:
        """What is run."""
        return self.run[0]


_RECORD_SIZES = {"A": 4, "AAAA": 16}
"""Bytes of a record behind its header; of others, what many have."""


Check: TypeAlias = (
    IcmpEcho | TcpConnect | HttpGet | DnsQuery | NeighbourQuery | GatewayEcho | ExecProgram
)
"""Each has `subject`, `verb`, `packets` and `layer`. Two that are equal ask in the same way."""
