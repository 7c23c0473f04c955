"""Sockets that send through one uplink and nothing else, from an address of it."""

import socket
from contextlib import ExitStack, suppress

from route_switcher.probes.interface import ADDRESS_FAMILY, bind_to
from route_switcher.probes.prober import Egress, ProbeNotPermitted
from route_switcher.probes.reasons import fault_of, never_mends
from route_switcher.probes.source_address import SourceAddress

_IP_BIND_ADDRESS_NO_PORT = 24
"""linux/in.h: the port is chosen when the other end is known, so that ports do not run out."""


def open_pinned(egress: Egress, kind: socket.SocketKind, target: str) -> socket.socket:
    """A non-blocking socket bound to the interface of `egress`, and to an address of it, which will
    talk to `target` (an address in digits). Without an interface it is bound to nothing.

    Raises OSError: ENODEV without the interface,
    PermissionError without CAP_NET_RAW where the kernel asks for it (see `bind_to`).
    """
    with ExitStack() as closing:
        sock = closing.enter_context(socket.socket(ADDRESS_FAMILY[egress.family], kind))
        sock.setblocking(False)
        if egress.interface is not None:
            bind_to(sock, egress.interface)
            chosen = SourceAddress(egress.interface, egress.family, egress.addresses).choose(target)
            if chosen is not None:
                sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
                # It may have gone since it was told: then there will be news of that.
                with suppress(OSError):
                    sock.bind((str(chosen), 0))
        closing.pop_all()
    return sock


def check_pinning(egress: Egress) -> None:
    """Raise `ProbeNotPermitted` if this process may not bind a socket to an interface at all."""
    try:
        with socket.socket(ADDRESS_FAMILY[egress.family], socket.SOCK_DGRAM) as sock:
            if egress.interface is not None:
                bind_to(sock, egress.interface)
    except PermissionError as error:
        raise ProbeNotPermitted(
            f"cannot bind a socket to {egress.interface} ({error.strerror}):"
            " run as root, or give the process CAP_NET_RAW"
        ) from error
    except OSError as error:
        if never_mends(error):
            raise ProbeNotPermitted(
                f"this kernel binds no socket to {egress.interface} ({error.strerror})"
            ) from error
        fault_of(error)  # each round will try again, and tell
