"""The key `families_move`: whether an uplink's families move together."""

from route_switcher.core.vocabulary.policy import FamiliesMove
from route_switcher.policy.findings import Findings

FAMILIES_MOVE = "families_move"


def read_families_move(findings: Findings) -> FamiliesMove:
    """What was written, else that each family moves by itself."""
    written = findings.get((FAMILIES_MOVE,))
    together = FamiliesMove.TOGETHER
    return together if written == together.value else FamiliesMove.SEPARATELY
