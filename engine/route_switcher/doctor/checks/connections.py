"""Is there room for new connections in the table of those that the kernel tracks?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed
from route_switcher.doctor.machine import Machine

_NAME = "connections"
_FULL = Fault(_NAME, "full", Verdict.FAIL)
_NEARLY_FULL = Fault(_NAME, "nearly-full", Verdict.WARN)

_SUBJECT = "tracked connections"
_NEARLY = 0.9


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    del policy
    table = machine.connections
    if table is None or not table.most:
        yield passed(_NAME, _SUBJECT, "the kernel has no limit for them")
        return
    filled = f"{table.entries:,} of {table.most:,}"
    remedy = f"sysctl -w net.netfilter.nf_conntrack_max={2 * max(table.entries, table.most)}"
    if table.entries >= table.most:
        text = f"their table is full ({filled}), so packets of new ones are dropped, probes too"
        yield _FULL.found(_SUBJECT, text, remedy)
    elif table.entries >= _NEARLY * table.most:
        text = f"their table is nearly full ({filled}); when it is, packets of new ones are dropped"
        yield _NEARLY_FULL.found(_SUBJECT, text, remedy)
    else:
        yield passed(_NAME, _SUBJECT, f"there is room for more ({filled})")


CHECK = Check(_NAME, _judge, (_FULL, _NEARLY_FULL))
