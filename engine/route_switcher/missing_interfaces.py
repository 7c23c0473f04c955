"""Names that no interface has now: the kernel is not asked for them by ioctl(2).

Asked so for a name that is not there, it looks for a driver of that name (dev_load() in
net/core/dev_ioctl.c): it starts modprobe(8) and waits for its end. So each look at an uplink that
is unplugged would cost a process, and on a busy machine hold up the whole engine. For a name that
has been missing it is asked by a socket option first, which starts nothing. `kernel` and `probes`
share this.
"""

import errno
import os
import socket

LONGEST = 15
"""Bytes of a name that ioctl(2) and that option take (IFNAMSIZ)."""

_missing: set[str] = set()


def is_missing(name: str) -> bool:
    """Whether no interface had this name, and none has it now."""
    if name not in _missing:
        return False
    if not is_there(name):
        return True
    _missing.discard(name)
    return False


def is_there(name: str) -> bool:
    """Whether an interface has this name. Also where the kernel tells nobody."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(name) + b"\0")
    except OSError as error:
        return error.errno != errno.ENODEV
    return True


def note_missing(name: str) -> None:
    """The kernel has told of no interface by this name."""
    if len(os.fsencode(name)) <= LONGEST:
        _missing.add(name)
