"""Check policies: print every problem with its place, and what to write instead.

POLICY is a path, or a name (no '/', not ending in .yaml): 'policy' is
/etc/route-switcher/policy.yaml, other names are policies that come with the program.
Looks at the files only, never at this machine.

Exit code: 0 fine, 1 problems found, 2 wrong usage.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from route_switcher.cli import FINE, PROBLEMS
from route_switcher.core.model import Policy
from route_switcher.policy.load import SYSTEM_NAME, load, locate
from route_switcher.policy.problems import (
    PolicyProblems,
    as_data,
    printable,
    render,
    render_github,
)


@dataclass(frozen=True, slots=True)
class _Result:
    """What checking one file came to."""

    origin: str
    outcome: Policy | PolicyProblems


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `validate`."""
    parser.add_argument("policies", nargs="*", metavar="POLICY", help="default: policy")
    parser.add_argument(
        "--format",
        choices=tuple(_FORMATS),
        default="text",
        help="for people, for programs, or for GitHub's workflows (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Check every POLICY and print what was found."""
    results = [_check(argument) for argument in arguments.policies or [SYSTEM_NAME]]
    print("\n".join(_FORMATS[arguments.format](results)))
    failed = any(isinstance(result.outcome, PolicyProblems) for result in results)
    return PROBLEMS if failed else FINE


def _check(argument: str) -> _Result:
    try:
        return _Result(str(locate(argument)), load(argument))
    except PolicyProblems as problems:
        return _Result(problems.origin, problems)


def _lines(results: Sequence[_Result], written: Callable[[PolicyProblems], list[str]]) -> list[str]:
    lines = []
    for result in results:
        match result.outcome:
            case Policy() as policy:
                lines.append(f"{printable(result.origin)}: fine ({_summary(policy)})")
            case problems:
                lines += written(problems)
    return [*lines, *_total(results)]


def _json(results: Sequence[_Result]) -> list[str]:
    files = []
    for result in results:
        outcome = result.outcome
        problems = outcome.problems if isinstance(outcome, PolicyProblems) else ()
        files.append(
            {
                "file": result.origin,
                "fine": not problems,
                "problems": [as_data(problem) for problem in problems],
            }
        )
    return [json.dumps({"fine": all(file["fine"] for file in files), "files": files}, indent=2)]


_FORMATS: dict[str, Callable[[Sequence[_Result]], list[str]]] = {
    "text": partial(_lines, written=render),
    "json": _json,
    "github": partial(_lines, written=render_github),
}


def _summary(policy: Policy) -> str:
    counts = (
        (len(policy.uplinks), "uplink"),
        (len(policy.probes), "probe"),
        (len(policy.rules), "rule"),
    )
    return ", ".join(_counted(number, noun) for number, noun in counts)


def _total(results: Sequence[_Result]) -> list[str]:
    """One line that sums up; none where everything is fine."""
    failed = [r.outcome for r in results if isinstance(r.outcome, PolicyProblems)]
    if not failed:
        return []
    found = _counted(sum(problems.found for problems in failed), "problem")
    return [f"{found} in {len(failed)} of {_counted(len(results), 'file')}"]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
