"""`type: icmp`: its key is `size`."""

from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.policy.checks.reader import CheckReader
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path


def _read(findings: Findings, path: Path) -> IcmpEcho:
    size = findings.get((*path, "size"))
    return IcmpEcho(size if isinstance(size, int) else None)


READER = CheckReader(_read, "answers pings")
