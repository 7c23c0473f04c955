"""What probes cost: the bytes that go through an uplink in a month.

Providers count whole IP packets: each has a header of IP, and what the check says of it.
"""

from route_switcher.core.probing.pace import interval_at
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.text.durations import MONTH

_IP_HEADER = {Family.IPV4: 20, Family.IPV6: 40}
"""Bytes (RFC 791, RFC 8200)."""


def bytes_of_target(check: Check, family: Family, *, answers: bool = True) -> int:
    """Bytes of all packets, both ways, by which one target is asked once, and `answers` or not."""
    packets = check.packets
    sizes = (*packets.asking, *packets.answered) if answers else packets.asking
    header = _IP_HEADER[family]
    if family is Family.IPV6:
        header += packets.more_over_ipv6
    return sum(header + size for size in sizes)


def bytes_a_month(policy: Policy, uplink: Uplink, speed: Speed = Speed.NORMAL) -> float:
    """Bytes of requests and answers in 30 days through an uplink whose probes go at `speed`.

    Bytes of a target x targets of its family x 30 days / interval, summed over its probes. The
    faster rounds that confirm a failure come on top; nothing else does.
    """
    probes = policy.probes_through(uplink.name)
    return sum(probe_bytes_a_month(probe, uplink.family, speed) for probe in probes)


def not_counted(policy: Policy, uplink: Uplink) -> tuple[str, ...]:
    """The probes through `uplink` of which nobody knows what they send: every sum lacks them."""
    probes = policy.probes_through(uplink.name)
    return tuple(probe.name for probe in probes if not probe.check.packets.asking)


def probe_bytes_a_month(probe: Probe, family: Family, speed: Speed = Speed.NORMAL) -> float:
    """The same for one probe through one uplink."""
    return bytes_a_round(probe, family) * MONTH / interval_at(probe, speed)


def bytes_a_round(probe: Probe, family: Family) -> int:
    """Bytes of one round through an uplink of `family` that every target answers."""
    return len(probe.targets_for(family)) * bytes_of_target(probe.check, family)
