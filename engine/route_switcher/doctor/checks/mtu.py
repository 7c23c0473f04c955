"""Does a failover leave less room for packets of clients?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.doctor.check import Check
from route_switcher.doctor.crossing import Crossing, crossings, lans, own_name
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.firewall.commands import clamping
from route_switcher.doctor.firewall.walk import is_clamped
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.unread import Unread

_NAME = "mtu"
_SHRINKS = Fault(_NAME, "shrinks", Verdict.WARN)


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    for family in policy.families:
        first, *others = policy.uplinks_of(family)
        room = _room(machine, own_name(machine, first), family)
        for uplink in others:
            label = policy.label(uplink.id)
            its = _room(machine, own_name(machine, uplink), family)
            if room is None or its is None:
                yield skipped(_NAME, label, "an interface is missing or down")
                continue
            shrinking = [
                way
                for lan in lans(machine, policy, family)
                for way in crossings(machine, policy, lan)
                if way.uplink == uplink and its < min(room, lan.interface.mtu[family])
            ]
            yield from _told(machine, label, shrinking, room, its)
        if not others:
            yield passed(_NAME, str(family), "there is one line only")


def _told(
    machine: Machine, label: str, shrinking: list[Crossing], room: int, its: int
) -> Iterator[Finding]:
    if not shrinking:
        yield passed(_NAME, label, f"{its} bytes are enough for what is forwarded")
        return
    firewall, lan = machine.firewall, shrinking[0].lan
    told = f"packets have {its} bytes by {shrinking[0].packet.going_out}, {room} by the first line"
    if isinstance(firewall, Unread):
        yield skipped(
            _NAME, label, f"{told}; whether TCP is told of it is not known: {firewall.reason}"
        )
    elif all(is_clamped(firewall, way.packet) for way in shrinking):
        yield passed(_NAME, label, f"{told}, and TCP connections of clients are told so")
    else:
        text = (
            f"{told}: after a failover, connections of clients of {lan} may hang where somebody "
            "drops ICMP. A rule that lowers the segments of TCP prevents that"
        )
        yield _SHRINKS.found(label, text, *clamping())


def _room(machine: Machine, interface: str, family: Family) -> int | None:
    found = machine.interfaces.named(interface)
    return None if found is None else found.mtu[family]


CHECK = Check(_NAME, _judge, (_SHRINKS,))
