"""The `journal` section: what the engine remembers on disk."""

from route_switcher.core.vocabulary.policy import Journal
from route_switcher.policy.findings import Findings

SECTION = "journal"

_UNITS = {"MB": 1_000_000, "GB": 1_000_000_000}
_NO_JOURNAL = "none"


def read_journal(findings: Findings) -> Journal:
    """How long it may become; a malformed one is the schema's to report."""
    size = findings.get((SECTION, "size"))
    if size == _NO_JOURNAL:
        return Journal(0)
    if not isinstance(size, str) or not findings.sound((SECTION,)):
        return Journal()
    return Journal(int(size[:-2]) * _UNITS[size[-2:]])
