"""`type: echo`: it has no keys of its own."""

from route_switcher.core.vocabulary.checks import GatewayEcho
from route_switcher.policy.checks.reader import CheckReader, of_uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path


def _read(_findings: Findings, _path: Path) -> GatewayEcho:
    return GatewayEcho()


READER = CheckReader(
    _read,
    "sends packets back",
    default_targets=of_uplink("forwarding"),
    # The first router sends it back at once. A shorter wait finds the end of the last round sooner,
    # while the rounds that must be lost are as many, and as far apart.
    default_timeout=0.5,
)
