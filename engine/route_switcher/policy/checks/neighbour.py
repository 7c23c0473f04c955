"""`type: neighbour`: it has no keys of its own."""

from route_switcher.core.vocabulary.checks import NeighbourQuery
from route_switcher.policy.checks.reader import CheckReader, of_uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path


def _read(_findings: Findings, _path: Path) -> NeighbourQuery:
    return NeighbourQuery()


READER = CheckReader(
    _read,
    "answers ARP or neighbour discovery",
    default_targets=of_uplink("gateway"),
    needs_gateway=True,
)
