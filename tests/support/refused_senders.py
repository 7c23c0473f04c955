"""What a program sees whose packets are refused."""

import errno
import select
import socket
import time

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.topology import Lab
from support.running import DEADLINE

REFUSED = {errno.EHOSTUNREACH, errno.ENETUNREACH}

_RECEIVE_ERRORS = {Family.IPV4: (socket.IPPROTO_IP, 11), Family.IPV6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR (linux/in.h, linux/in6.h)."""


def error_at(lab: Lab, sender: str, family: Family) -> int:
    """The error that a sender of datagrams to a target gets, whoever tells of it; 0: none.

    A router tells a host of it about once a second (icmp_ratelimit, icmp(7)), so one may get lost
    among others.
    """
    end = time.monotonic() + DEADLINE
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    with lab.inside(sender), socket.socket(kind, socket.SOCK_DGRAM) as channel:
        # Without it, a socket is not told that a host is unreachable (udp(7)).
        channel.setsockopt(*_RECEIVE_ERRORS[family], 1)
        try:
            channel.connect((str(lab.targets(family)[0]), 9999))
            while time.monotonic() < end:
                channel.send(b"is anybody there?")
                if select.select([channel], [], [], 0.2)[0]:
                    channel.recv(1)
        except OSError as error:
            return error.errno or 0
    return 0
