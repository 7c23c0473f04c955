"""A private network for this process, so that nothing it sends can reach the host's network.

See namespaces(7), user_namespaces(7), mount_namespaces(7).
"""

import ctypes
import fcntl
import os
import socket
import struct
import threading
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
_MS_NOSUID = 0x2
_MS_NODEV = 0x4
_MS_REMOUNT = 0x20
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x40000

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1

_ROOTS_PATH = "/usr/local/sbin:/usr/sbin:/sbin"

_REMEDY = (
    "run as root, or allow user namespaces (sysctl user.max_user_namespaces above 0;"
    " kernel.unprivileged_userns_clone=1 on older Debian;"
    " kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu;"
    " in a container, give it CAP_SYS_ADMIN)"
)

_libc = ctypes.CDLL(None, use_errno=True)


class SandboxUnavailable(Exception):  # noqa: N818 - a condition of the host, not an error
    """This process cannot have a private network; the message says why and what to do."""


def enter() -> None:
    """Move this process into network and mount namespaces of its own, as root inside.

    Afterwards the process sees only a loopback interface, an empty `/run` (so that `ip netns` has
    a place of its own), and writable network sysctls. There is no way back. A refusal leaves the
    process as it was: all of it is rehearsed in a child first. PATH gets the folders where Debian
    keeps `ip` and `nft`, which an ordinary user's has not, and loses those that depend on the
    current folder.

    Raises `SandboxUnavailable`.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        names = ", ".join(thread.name for thread in threading.enumerate())
        raise SandboxUnavailable(f"a sandbox must be entered before threads start; seen: {names}")
    refusals = []
    for flags in _ways_in():
        refusal = _rehearse(flags)
        if not refusal:
            _enter(flags)
            os.environ["PATH"] = _safe_path(os.environ.get("PATH", os.defpath))
            return
        refusals.append(refusal)
    raise SandboxUnavailable(f"no private network: {'; '.join(refusals)}. Remedy: {_REMEDY}")


def renew_network() -> None:
    """Move the calling thread, which is in a sandbox, into a network of its own again: only a
    loopback interface, and nothing of what was done to the network before. Raises OSError.
    """
    _check(_libc.unshare(CLONE_NEWNET), "unshare")
    _forbid_forwarding()
    _bring_up("lo")


def set_network_namespace(descriptor: int) -> None:
    """Move the calling thread into the network namespace behind `descriptor` (setns(2)).

    Raises OSError. (`os.setns` came with Python 3.12.)
    """
    _check(_libc.setns(descriptor, CLONE_NEWNET), "setns")


def _safe_path(path: str) -> str:
    """Programs are started as root: a relative or empty entry would take them from anywhere."""
    absolute = [folder for folder in path.split(":") if folder.startswith("/")]
    return ":".join([*absolute, _ROOTS_PATH])


def _ways_in() -> tuple[int, ...]:
    """The unshare flags to try in turn.

    As root a user namespace is not needed, and leaves out trouble with files of other owners.
    """
    plain = CLONE_NEWNET | CLONE_NEWNS
    with_user = plain | CLONE_NEWUSER
    return (plain, with_user) if os.geteuid() == 0 else (with_user,)


def _rehearse(flags: int) -> str:
    """Enter in a child that then ends. What was refused, or an empty string."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        refusal = "the rehearsal broke off"
        try:
            _enter(flags)
            refusal = ""
        except OSError as error:
            refusal = f"{error.filename or 'system'}: {error.strerror}"
        finally:
            os.write(writing, refusal.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(child, 0)
    return answer


def _enter(flags: int) -> None:
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(flags), "unshare")
    if flags & CLONE_NEWUSER:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    # Private first: as root the host's mounts are shared, and what follows would appear there.
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", "/run", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
    _make_sysctls_writable()
    _bring_up("lo")


def _make_sysctls_writable() -> None:
    """Containers mount /proc/sys read-only; the network part of it is ours now."""
    if os.statvfs("/proc/sys").f_flag & os.ST_RDONLY:
        _mount("none", "/proc/sys", "", _MS_REMOUNT | _MS_BIND)
    _forbid_forwarding()


def _forbid_forwarding() -> None:
    with open("/proc/sys/net/ipv4/ip_forward", "r+") as sysctl:
        sysctl.write("0")


def _bring_up(interface: str) -> None:
    """Set IFF_UP (netdevice(7))."""
    request = struct.pack("16sH14x", interface.encode(), 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
        request = struct.pack("16sH14x", interface.encode(), flags | _IFF_UP)
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    words = (source.encode(), target.encode(), kind.encode(), flags, options.encode())
    _check(_libc.mount(*words), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
