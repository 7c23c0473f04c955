"""The key `track_file`: where keepalived reads how many uplinks are healthy."""

from route_switcher.policy.findings import Findings

TRACK_FILE = "track_file"


def read_track_file(findings: Findings) -> str | None:
    """Its path. Whether it can be written is seen where the engine runs."""
    path = findings.get((TRACK_FILE,))
    return path if isinstance(path, str) else None
