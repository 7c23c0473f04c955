"""The `control` section: who may ask the running engine, and give it orders."""

from route_switcher.core.vocabulary.policy import Control
from route_switcher.policy.findings import Findings

SECTION = "control"


def read_control(findings: Findings) -> Control:
    """Who may. Whether there is such a group is asked where the engine runs."""
    group = findings.get((SECTION, "group"))
    return Control(group if isinstance(group, str) else None)
