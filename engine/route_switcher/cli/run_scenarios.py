"""Run scenarios against a policy in virtual time: what will it do?

FILE is a scenario file, or a folder with such files (*.yaml). A scenario says
what happens to the rounds through each uplink, and what the policy must decide
by when. The command reads only these files, and nothing of this machine.

Exit code: 0 every scenario passed, 1 one failed, or a file has problems or
cannot be written, 2 wrong usage.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, file_or_standard_input
from route_switcher.cli.color import add_color, print_problems
from route_switcher.cli.scenario_report import FORMATS, FileResult, Report, ScenarioResult
from route_switcher.policy.load import Loaded, read_policy
from route_switcher.policy.problems import PolicyProblems, quoted
from route_switcher.printable import printable
from route_switcher.scenarios.coverage import Coverage
from route_switcher.scenarios.file import load_scenarios
from route_switcher.scenarios.run import run_scenario
from route_switcher.scenarios.scenario import Scenario, ScenarioFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `test`."""
    parser.add_argument(
        "files",
        nargs="+",
        type=file_or_standard_input,
        metavar="FILE",
        help="a scenario file, or a folder with such files; - is standard input",
    )
    add_color(parser)
    parser.add_argument(
        "--policy",
        type=file_or_standard_input,
        metavar="POLICY",
        help="test this policy instead of the ones that the files name",
    )
    parser.add_argument(
        "--run",
        metavar="PATTERN",
        help="run only scenarios with this in their name; * and ? are wildcards",
    )
    parser.add_argument(
        "--coverage",
        action="store_true",
        help="list rules and conditions that no scenario makes fail or recover",
    )
    parser.add_argument("--junit", metavar="FILE", help="also write the results as JUnit XML")
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        default="text",
        help="for people, for programs, or for GitHub's workflows (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Run the scenarios of every FILE, and print what came of them."""
    testing = _Testing(arguments.policy, arguments.run, arguments.coverage)
    report = Report(
        tuple(testing.test(file) for file in _files(arguments.files)), testing.coverages()
    )
    if report.fine and not any(file.scenarios for file in report.files):
        _complain(f"no scenario has a name like {quoted(arguments.run)}")
        return EXIT_USAGE
    # First, so that it is there whoever closes standard output.
    unwritten = "" if arguments.junit is None else _unwritten(report, arguments.junit)
    lines = FORMATS[arguments.format](report)
    if arguments.format == "text":
        print_problems(lines, arguments.color)
    else:
        print("\n".join(lines))
    if unwritten:
        _complain(unwritten)
    return EXIT_OK if report.fine and not unwritten else EXIT_PROBLEMS


def _files(arguments: Iterable[str]) -> Iterator[Path]:
    """The files that are meant; of a folder its *.yaml. A folder without any is told of as a file
    that cannot be read."""
    for path in map(Path, arguments):
        within = sorted(path.glob("*.yaml")) if path.is_dir() else []
        yield from within or [path]


def _unwritten(report: Report, file: str) -> str:
    """Write the JUnit file; why that could not be, or nothing."""
    # Imported here: few ask for it, and its library takes a while.
    from route_switcher.cli.junit import write_junit

    try:
        write_junit(report, Path(file))
    except OSError as error:
        return f"cannot write {printable(file)}: {error.strerror}"
    return ""


class _Testing:
    """Tests files, and reads each policy once."""

    def __init__(self, policy: str | None, pattern: str | None, covering: bool) -> None:
        self._policy = policy
        self._pattern = pattern
        self._covering = covering
        self._read: Callable[[str], Loaded] = cache(read_policy)
        self._coverages: dict[str, Coverage] = {}

    def test(self, file: Path) -> FileResult:
        """What testing one file comes to."""
        try:
            found = load_scenarios(file, self._policy, self._read)
        except PolicyProblems as problems:
            return FileResult(str(file), problems=problems)
        coverage = self._coverage_of(found)
        results = tuple(
            self._run(scenario, found, coverage)
            for scenario in found.scenarios
            if self._chosen(scenario)
        )
        return FileResult(found.origin, found.document.text, scenarios=results)

    def coverages(self) -> tuple[Coverage, ...]:
        """What was reached of each policy."""
        return tuple(self._coverages.values())

    def _coverage_of(self, found: ScenarioFile) -> Coverage | None:
        if not self._covering:
            return None
        return self._coverages.setdefault(found.loaded.origin, Coverage(found.loaded))

    def _chosen(self, scenario: Scenario) -> bool:
        if self._pattern is None:
            return True
        name, pattern = scenario.name.lower(), self._pattern.lower()
        return pattern in name or fnmatchcase(name, pattern)

    @staticmethod
    def _run(scenario: Scenario, found: ScenarioFile, coverage: Coverage | None) -> ScenarioResult:
        began = time.perf_counter()
        failures = run_scenario(scenario, found.loaded.policy, coverage)
        return ScenarioResult(scenario, failures, time.perf_counter() - began)


def _complain(text: str) -> None:
    print(f"route-switcher test: {text}", file=sys.stderr)
