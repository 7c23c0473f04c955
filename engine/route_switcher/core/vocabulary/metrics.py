"""Where the running engine gives its metrics to those who ask."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from route_switcher.core.vocabulary.uplinks import Address


class OnSocket(Enum):
    """A place that is no address."""

    UNIX = "unix"
    """A Unix socket beside the control socket, for those who may use that one."""


@dataclass(frozen=True, slots=True)
class Loopback:
    """A TCP port of this machine, which only this machine reaches."""

    address: Address
    port: int

    def __str__(self) -> str:
        """As the policy writes it."""
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"


Listen: TypeAlias = OnSocket | Loopback
