"""What an error of this machine's own kernel, or one that a target caused, says of an uplink."""

import errno
import os

from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.link_troubles import LinkTrouble
from route_switcher.core.vocabulary.states import RoundOutcome

_FAILED, _UNKNOWN = RoundOutcome.FAILED, RoundOutcome.UNKNOWN

# The uplink cannot carry a packet: failed. We could not ask: unknown.
_FAULTS = {
    errno.ENODEV: RequestFault(_FAILED, LinkTrouble.MISSING.value),
    errno.ENXIO: RequestFault(_FAILED, LinkTrouble.MISSING.value),
    errno.ENETDOWN: RequestFault(_FAILED, LinkTrouble.DOWN.value),
    errno.ENETUNREACH: RequestFault(_FAILED, "no route"),
    errno.EHOSTUNREACH: RequestFault(_FAILED, "gateway or target unreachable"),
    errno.EHOSTDOWN: RequestFault(_FAILED, "gateway or target unreachable"),
    errno.ENONET: RequestFault(_FAILED, "gateway or target unreachable"),
    errno.EADDRNOTAVAIL: RequestFault(_FAILED, LinkTrouble.NO_ADDRESS.value),
    errno.EINVAL: RequestFault(_FAILED, "a blackhole route or rule"),
    errno.EAFNOSUPPORT: RequestFault(_FAILED, "the kernel does not speak this family"),
    errno.ECONNREFUSED: RequestFault(_FAILED, "connection refused"),
    errno.ECONNRESET: RequestFault(_FAILED, "connection reset"),
    errno.EPIPE: RequestFault(_FAILED, "connection closed"),
    errno.ETIMEDOUT: RequestFault(_FAILED, "connection timed out"),
    errno.EPROTO: RequestFault(_FAILED, "rejected on the way"),
    errno.EPERM: RequestFault(_UNKNOWN, "not permitted (local firewall or missing CAP_NET_RAW)"),
    errno.EACCES: RequestFault(
        _UNKNOWN, "not permitted (local firewall, prohibit rule or missing CAP_NET_RAW)"
    ),
    errno.ENOBUFS: RequestFault(_UNKNOWN, "queue full"),
    errno.EAGAIN: RequestFault(_UNKNOWN, "queue full"),
}

# These say that we handed the kernel nonsense: no state of any network explains them.
_OUR_MISTAKES = {
    errno.EBADF,
    errno.EDESTADDRREQ,
    errno.EFAULT,
    errno.EMSGSIZE,
    errno.ENOPROTOOPT,
    errno.ENOTSOCK,
    errno.EOPNOTSUPP,
}


_BY_ICMP = {errno.EACCES, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP}
"""What the kernel makes of ICMP errors too (`icmp_err_convert` in net/ipv4/icmp.c, `tab_unreach` in
net/ipv6/icmp.c, and "too big"), and what means something else where it refuses a call of ours."""


def told_by_network(error: OSError) -> OSError:
    """An error that the kernel had kept for a socket, as `fault_of` is to understand it.

    It comes from ICMP, and so from anybody on the way: it is no mistake of ours, and no local
    firewall.
    """
    return OSError(errno.EPROTO, os.strerror(errno.EPROTO)) if error.errno in _BY_ICMP else error


def never_mends(error: OSError) -> bool:
    """Whether no state of any network explains it: a mistake of ours, or a kernel that lacks it."""
    return error.errno is None or error.errno in _OUR_MISTAKES


def fault_of(error: OSError) -> RequestFault:
    """What `error`, from opening, sending or receiving, says.

    An error that the table does not know makes the round unknown, in the system's own words: that
    moves no traffic, the daemon lives, and unknown rounds that go on are warned about.

    Raises `error` itself if only a mistake in this program can cause it.
    """
    number = error.errno
    if number is None or never_mends(error):
        raise error
    return _FAULTS.get(number) or RequestFault(_UNKNOWN, os.strerror(number).lower())
