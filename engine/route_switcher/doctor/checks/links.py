"""Are the interfaces of the uplinks there, up, and connected?"""

from collections.abc import Iterator

from route_switcher.core.routing.remedies import quoted
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed
from route_switcher.doctor.machine import Machine

_NAME = "link"
_MISSING = Fault(_NAME, "missing", Verdict.FAIL)
_SAME = Fault(_NAME, "same-interface", Verdict.FAIL)
_DOWN = Fault(_NAME, "down", Verdict.FAIL)
_MEMBER = Fault(_NAME, "member", Verdict.FAIL)
_NO_CARRIER = Fault(_NAME, "no-carrier", Verdict.WARN)


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    for name in policy.names:
        uplink = policy.named(name)[0]
        link = machine.network.links[uplink.interface]
        if not link.present and link.name:
            text = f"{uplink.interface} is another name of {link.name}, which another uplink has"
            yield _SAME.found(name, text)
        elif not link.present:
            text = f"there is no interface {uplink.interface} (`ip -br link` lists those there are)"
            yield _MISSING.found(name, text)
        elif not link.up:
            text = f"{uplink.interface} is down"
            yield _DOWN.found(name, text, f"ip link set {quoted(link.own_name)} up")
        elif master := machine.interfaces.members.get(link.own_name):
            text = (
                f"{uplink.interface} is a part of {master}, which takes every packet that comes in;"
                f" name {master} in the policy, or take {uplink.interface} out of it"
            )
            yield _MEMBER.found(name, text, f"ip link set {quoted(link.own_name)} nomaster")
        elif not link.carrier and not uplink.ignore_carrier:
            text = f"{uplink.interface} has no carrier: look at the cable and the modem"
            yield _NO_CARRIER.found(name, text)
        else:
            also = f" (its own name is {link.name})" if link.name else ""
            yield passed(_NAME, name, f"{uplink.interface} is up{also}")


CHECK = Check(_NAME, _judge, (_MISSING, _SAME, _DOWN, _MEMBER, _NO_CARRIER))
