"""Whom names are looked up with: the resolvers that the policy names, else those of the system."""

import os
import stat
from ipaddress import ip_address
from pathlib import Path

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Address, Family, family_of

RESOLV_CONF = Path("/etc/resolv.conf")
_SIZE = 65536
_MOST = 3
"""MAXNS of resolv.conf(5)."""


def resolvers_for(target: Target, family: Family) -> tuple[str, ...]:
    """Whom to ask for the address of `target` through uplinks of `family`; perhaps nobody.

    A resolver on this machine is nobody: it asks in turn through whatever line it likes.
    """
    named = target.resolvers or of_system()
    usable = [r for r in named if family_of(r) is family and not r.is_loopback]
    return tuple(str(resolver) for resolver in usable[:_MOST])


def why_none(target: Target, family: Family) -> str:
    """Why nobody can be asked for its address, and what to write."""
    if target.resolvers:
        return f"no {family} resolver is named to look up {target} with"
    local = [str(resolver) for resolver in of_system() if resolver.is_loopback]
    named = f"only this machine ({', '.join(local)})" if local else f"no {family} resolver"
    example = "9.9.9.9" if family is Family.IPV4 else "2620:fe::9"
    return f"{RESOLV_CONF} names {named} to look up {target}: write 'resolver: {example}'"


def lacking_resolvers(policy: Policy) -> list[str]:
    """What is wrong for targets that nobody can be asked for, in words; see `why_none`."""
    lacking = {
        why_none(target, uplink.family): None
        for uplink in policy.uplinks
        for probe in policy.probes_through(uplink.name)
        for target in probe.targets_for(uplink.family)
        if target.is_looked_up and not resolvers_for(target, uplink.family)
    }
    return list(lacking)


def of_system() -> tuple[Address, ...]:
    """The resolvers that /etc/resolv.conf names (resolv.conf(5)); none where it cannot be read.

    A pipe in its place is not waited for, but its file system may hang.
    """
    try:
        text = _content().decode("ascii", "replace")
    except OSError:
        return ()
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                found.append(ip_address(words[1].partition("%")[0]))
            except ValueError:
                continue
    return tuple(found)


def _content() -> bytes:
    """What the file begins with; nothing if it is no file. Raises OSError."""
    opened = os.open(RESOLV_CONF, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(opened, _SIZE) if stat.S_ISREG(os.fstat(opened).st_mode) else b""
    finally:
        os.close(opened)
