"""Does a running engine have its routes and rules in the kernel?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.lines import standing
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.ours import absent_routes, absent_rules

_NAME = "our-route"
_ABSENT = Fault(_NAME, "absent", Verdict.FAIL)
_RULE_ABSENT = Fault(_NAME, "rule-absent", Verdict.FAIL)

_WHY = "does it run by this policy, and does `route-switcher status` answer?"


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    network = machine.network
    absent = absent_routes(network, policy) if machine.engine.runs else ()
    for uplink in policy.uplinks:
        label, routes = policy.label(uplink.id), standing(network, policy, uplink)
        if uplink in absent:
            text = f"an engine runs, but no route of ours leads through {uplink.interface}: {_WHY}"
            yield _ABSENT.found(label, text)
        elif routes:
            end = "" if machine.engine.runs else ", though no engine runs to move it"
            yield passed(_NAME, label, f"'{routes[0]}' stands{end}")
        elif machine.engine.runs:
            yield skipped(_NAME, label, "it has no link, address or next hop")
        else:
            yield skipped(_NAME, label, "no engine runs")
    if machine.engine.runs:
        for rule in absent_rules(network, policy):
            text = f"an engine runs, but its rule '{rule}' is absent: {_WHY}"
            yield _RULE_ABSENT.found(str(rule.family), text)


CHECK = Check(_NAME, _judge, (_ABSENT, _RULE_ABSENT))
