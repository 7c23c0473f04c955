"""What probes cost: the bytes that go through an uplink in a month.

Providers count whole IP packets. An echo request is a header of IP (20 bytes, RFC 791; 40 for IPv6,
RFC 8200), one of ICMP (8, RFC 792 and RFC 4443), and a token of 16 bytes by which its answer is
known. The answer is as long.
"""

from route_switcher.core.probing.pace import interval_at
from route_switcher.core.vocabulary.policy import Family, Policy, Probe, Uplink
from route_switcher.core.vocabulary.states import Speed

MONTH = 30 * 86400.0
"""Seconds."""

PACKET = {Family.IPV4: 20 + 8 + 16, Family.IPV6: 40 + 8 + 16}
"""Bytes of an echo request, and of its answer, with the IP header."""


def bytes_a_month(policy: Policy, uplink: Uplink, speed: Speed = Speed.NORMAL) -> float:
    """Bytes of requests and answers in 30 days through an uplink whose probes go at `speed`.

    2 x packet x targets of its family x 30 days / interval, summed over its probes. The faster
    rounds that confirm a failure come on top; nothing else does.
    """
    probes = policy.probes_through(uplink.name)
    return sum(probe_bytes_a_month(probe, uplink.family, speed) for probe in probes)


def probe_bytes_a_month(probe: Probe, family: Family, speed: Speed = Speed.NORMAL) -> float:
    """The same for one probe through one uplink."""
    packets = 2 * len(probe.targets_for(family)) * MONTH / interval_at(probe, speed)
    return packets * PACKET[family]
