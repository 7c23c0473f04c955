"""A program under the restrictions of the unit that need no systemd: `python confining.py UNIT …`,
or one to which some system calls are refused: `python confining.py CALL,CALL …`.

Seccomp filters as systemd makes them (systemd.exec(5)), by libseccomp; the sets of system calls are
those that `systemd-analyze syscall-filter` prints. Also PR_SET_MDWE (prctl(2)), which a newer
systemd uses beside its filter, where the kernel has it.
"""

import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE, _REFUSE_EXEC_GAIN = 38, 65, 1
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EQUAL, _MASKED = 4, 7
_WRITE_AND_EXECUTE, _EXECUTE, _SHM_EXEC = 6, 4, 0o100000
_NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
_FAMILIES = 64
_ALWAYS = {"execve", "exit", "exit_group", "getrlimit", "rt_sigreturn"}


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


_libc = ctypes.CDLL(None, use_errno=True)
_seccomp = ctypes.CDLL("libseccomp.so.2")
_seccomp.seccomp_init.restype = ctypes.c_void_p


class _Filter:
    def __init__(self, otherwise: int) -> None:
        self._filter = ctypes.c_void_p(_seccomp.seccomp_init(ctypes.c_uint32(otherwise)))

    def add(self, action: int, call: str, *comparison: int) -> None:
        number = _seccomp.seccomp_syscall_resolve_name(call.encode())
        if number < 0:  # of another architecture
            return
        compared = (_Comparison * 1)(_Comparison(*comparison)) if comparison else None
        code = _seccomp.seccomp_rule_add_array(
            self._filter, ctypes.c_uint32(action), number, 1 if comparison else 0, compared
        )
        if code:
            raise OSError(-code, f"{call}: {os.strerror(-code)}")

    def listener(self) -> int:
        return int(_seccomp.seccomp_notify_fd(self._filter))

    def load(self) -> None:
        code = _seccomp.seccomp_load(self._filter)
        if code:
            raise OSError(-code, os.strerror(-code))


def die_of(call: str, argument: int, value: int) -> None:
    """Have this process, and what it becomes, be killed when it makes this system call with such an
    argument."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    made = _Filter(_ALLOW)
    made.add(_KILL, call, argument, _EQUAL, value)
    made.load()


def asked_before(call: str, action: int, *comparison: int) -> int:
    """Have somebody asked before this process, and what it becomes, makes this system call; the
    descriptor by which he is asked (seccomp_unotify(2))."""
    made = _Filter(_ALLOW)
    made.add(action, call, *comparison)
    made.load()
    return made.listener()


def confine(unit: str) -> None:
    """Take from this process, and from what it becomes, what these lines of the unit take."""
    calls = allowed_calls(re.findall(r"^SystemCallFilter=(.*)", unit, re.MULTILINE))
    families = _families(unit)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filters = [_only_families(families), _no_namespaces(), _no_written_code(), _only_calls(calls)]
    for made in filters:
        made.load()
    _libc.prctl(_PR_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0)


def refuse(calls: Iterable[str]) -> None:
    """Refuse these system calls to this process, and to what it becomes."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    made = _Filter(_ALLOW)
    for call in calls:
        made.add(_ERRNO | errno.EPERM, call)
    made.load()


def allowed_calls(lines: Sequence[str]) -> set[str]:
    """What `SystemCallFilter=` lines leave."""
    allowed = _calls("@default") | _ALWAYS
    for line in lines:
        named = set().union(*(_calls(word) for word in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def _calls(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    words = ["systemd-analyze", "syscall-filter", "--no-pager", word]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    inner = [line.strip() for line in done.stdout.splitlines()[1:]]
    return set().union(*(_calls(name) for name in inner if name and not name.startswith("#")))


def _families(unit: str) -> set[int]:
    (line,) = re.findall(r"^RestrictAddressFamilies=(.*)", unit, re.MULTILINE)
    return {int(getattr(socket, name)) for name in line.split()}


def _only_families(families: set[int]) -> _Filter:
    made = _Filter(_ALLOW)
    for family in set(range(_FAMILIES)) - families:
        made.add(_ERRNO | errno.EAFNOSUPPORT, "socket", 0, _EQUAL, family)
    return made


def _no_namespaces() -> _Filter:
    made = _Filter(_ALLOW)
    for flag in _NAMESPACES:
        made.add(_ERRNO | errno.EPERM, "clone", 0, _MASKED, flag, flag)
    made.add(_ERRNO | errno.ENOSYS, "clone3")
    made.add(_ERRNO | errno.EPERM, "unshare")
    made.add(_ERRNO | errno.EPERM, "setns")
    return made


def _no_written_code() -> _Filter:
    made = _Filter(_ALLOW)
    refused = _ERRNO | errno.EPERM
    made.add(refused, "mmap", 2, _MASKED, _WRITE_AND_EXECUTE, _WRITE_AND_EXECUTE)
    made.add(refused, "mprotect", 2, _MASKED, _EXECUTE, _EXECUTE)
    made.add(refused, "pkey_mprotect", 2, _MASKED, _EXECUTE, _EXECUTE)
    made.add(refused, "shmat", 2, _MASKED, _SHM_EXEC, _SHM_EXEC)
    return made


def _only_calls(allowed: set[str]) -> _Filter:
    made = _Filter(_ERRNO | errno.EPERM)
    for call in sorted(allowed):
        made.add(_ALLOW, call)
    return made


if __name__ == "__main__":
    what, *program = sys.argv[1:]
    if what.endswith(".service"):
        confine(Path(what).read_text("utf-8"))
    else:
        refuse(what.split(","))
    os.execvp(program[0], program)
