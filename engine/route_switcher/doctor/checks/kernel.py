"""Has the kernel what the policy needs?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed
from route_switcher.doctor.machine import Machine

_NAME = "kernel"
_NO_RULES = Fault(_NAME, "no-rules", Verdict.FAIL)


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    """Every kernel with routing rules makes some itself, for each family (ip-rule(8))."""
    has = {rule.family for rule in machine.network.rules}
    for family in policy.families:
        if not policy.placement.own:
            text = f"{machine.kernel} has all that routes in the main table need"
            yield passed(_NAME, str(family), text)
        elif family in has:
            yield passed(_NAME, str(family), f"{machine.kernel} has routing rules")
        else:
            text = (
                f"{machine.kernel} has no routing rule at all, so nothing leads to a table of our "
                "own: it was built without CONFIG_IP_MULTIPLE_TABLES, or somebody deleted even the "
                "rules of the kernel"
            )
            yield _NO_RULES.found(str(family), text)


CHECK = Check(_NAME, _judge, (_NO_RULES,))
