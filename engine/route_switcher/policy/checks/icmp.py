"""`type: icmp`: it has no keys of its own."""

from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.policy.checks.reader import CheckReader
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path


def _read(_findings: Findings, _path: Path) -> IcmpEcho:
    return IcmpEcho()


READER = CheckReader(_read, "answers pings")
