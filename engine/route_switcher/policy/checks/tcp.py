"""`type: tcp`: its keys are `port` and `refused`."""

from route_switcher.core.vocabulary.checks import TcpConnect
from route_switcher.policy.checks.reader import CheckReader
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path


def _read(findings: Findings, path: Path) -> TcpConnect | None:
    port = findings.get((*path, "port"))
    refused = findings.get((*path, "refused"))
    return TcpConnect(port, refused == "good") if isinstance(port, int) else None


READER = CheckReader(_read, "takes TCP connections")
