"""A program that carries packets between two tun devices: the wire of a point-to-point line.

    packet_relay.py INTERFACE NAMESPACE_FILE OTHER_INTERFACE

It starts where INTERFACE is; both exist already and have a carrier while it runs.
See Documentation/networking/tuntap.rst of Linux.
"""

import fcntl
import os
import select
import struct
import sys
from contextlib import suppress

from route_switcher.lab.sandbox import set_network_namespace

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_LONGEST = 1 << 16


def attached(interface: str) -> int:
    """A descriptor that is the other end of this tun device."""
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH14x", interface.encode(), _IFF_TUN | _IFF_NO_PI))
    return tun


def main(interface: str, namespace: str, other_interface: str) -> None:
    """Carry packets until it is killed."""
    one = attached(interface)
    with open(namespace) as there:
        set_network_namespace(there.fileno())
    other = attached(other_interface)
    across = {one: other, other: one}
    while True:
        for ready in select.select([one, other], [], [])[0]:
            with suppress(OSError):  # that end is down: a packet is lost
                os.write(across[ready], os.read(ready, _LONGEST))


if __name__ == "__main__":
    main(*sys.argv[1:])
