"""The `after_switch` section: what is done when the traffic has moved."""

from route_switcher.core.vocabulary.conntrack import Conntrack
from route_switcher.policy.findings import Findings

SECTION = "after_switch"


def read_conntrack(findings: Findings) -> Conntrack:
    """Which connections are ended: as written, else those that stick to what was left."""
    written = findings.get((SECTION, "conntrack"))
    return next((each for each in Conntrack if each.value == written), Conntrack.PREVIOUS)
