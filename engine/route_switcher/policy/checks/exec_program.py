"""`type: exec`: its key is `run`."""

from route_switcher.core.vocabulary.checks import Check, ExecProgram
from route_switcher.core.vocabulary.probes import Target
from route_switcher.policy.checks.program import read_run
from route_switcher.policy.checks.reader import CheckReader
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path


def _read(findings: Findings, path: Path) -> ExecProgram | None:
    run = read_run(findings, (*path, "run"))
    return None if run is None else ExecProgram(run)


def _targets(_check: Check, _families: object) -> tuple[Target, ...]:
    return (Target.of_uplink("program"),)


READER = CheckReader(_read, "a program can ask", _targets)
