"""Which network namespace this is."""

import errno
import socket

_SO_NETNS_COOKIE = 71


def network_cookie() -> int:
    """The number of our network namespace that no later one gets until the reboot.

    Its inode is given again as soon as the namespace is gone. Linux 5.14 and later
    (`SO_NETNS_COOKIE`, asm-generic/socket.h); 0 before. Raises OSError.
    """
    with socket.socket(socket.AF_UNIX) as any_socket:
        try:
            return int.from_bytes(
                any_socket.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8), "little"
            )
        except OSError as error:
            if error.errno == errno.ENOPROTOOPT:
                return 0
            raise
