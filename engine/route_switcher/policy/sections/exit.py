"""The key `on_exit`: what becomes of our routes at the end of the engine."""

from route_switcher.core.vocabulary.policy import OnExit
from route_switcher.policy.findings import Findings

ON_EXIT = "on_exit"


def read_on_exit(findings: Findings) -> OnExit:
    """What was written, else that they stay."""
    written = findings.get((ON_EXIT,))
    return OnExit.RESTORE if written == OnExit.RESTORE.value else OnExit.KEEP
