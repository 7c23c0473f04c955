"""A program that a policy runs: its path and its arguments."""

from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.yaml.reader import Path


def read_run(findings: Findings, path: Path) -> tuple[str, ...] | None:
    """The words of the list `run` at `path`; None, and a report, if its program cannot be run."""
    run = findings.get(path)
    if not isinstance(run, list) or not _check_program(findings, (*path, 0), run[0]):
        return None
    return tuple(map(str, run))


def _check_program(findings: Findings, path: Path, program: object) -> bool:
    if isinstance(program, str) and program.startswith("/") and not program.endswith("/"):
        return True
    if program == "":
        message = "the program has no name"
    elif isinstance(program, str) and program.endswith("/"):
        message = f"{quoted(program)} is a folder, not a program"
    else:
        message = f"{quoted(program)} is not an absolute path"
    hint = "write the whole path of the program, such as /usr/bin/curl: $PATH is not searched"
    findings.report("relative-program", path, message, hint)
    return False
