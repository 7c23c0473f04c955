"""What `route-switcher test` prints: for people, for programs, or for GitHub."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from route_switcher.policy.problems import (
    PolicyProblems,
    Problem,
    as_data,
    render,
    render_github,
)
from route_switcher.printable import printable
from route_switcher.scenarios.coverage import Coverage
from route_switcher.scenarios.run import Failure
from route_switcher.scenarios.scenario import Scenario
from route_switcher.text.quantities import counted

FAILED = "not-as-expected"
"""The code of an expectation that did not come true."""


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What running one scenario came to, and the seconds that it took."""

    scenario: Scenario
    failures: tuple[Failure, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class FileResult:
    """What testing one file came to: its problems, or a result for each scenario chosen."""

    origin: str
    text: str = ""
    problems: PolicyProblems | None = None
    scenarios: tuple[ScenarioResult, ...] = ()

    @property
    def failed(self) -> int:
        """How many scenarios failed."""
        return sum(bool(result.failures) for result in self.scenarios)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything there is to tell."""

    files: tuple[FileResult, ...]
    coverages: tuple[Coverage, ...]

    @property
    def fine(self) -> bool:
        """Whether every scenario of every file has run and passed."""
        return not any(file.problems or file.failed for file in self.files)


def _text(report: Report) -> Iterator[str]:
    told: set[str] = set()
    for file in report.files:
        yield from _unusable(file, render, told)
        if file.scenarios and len(report.files) > 1:
            yield f"{printable(file.origin)}:"
        for result in file.scenarios:
            word = "FAIL" if result.failures else "ok"
            yield f"{word:<4} {result.seconds * 1000:4.0f} ms  {printable(result.scenario.name)}"
            yield from failure_lines(file, result)
    yield from _coverages(report, render)
    yield _summary(report)


def _unusable(
    file: FileResult, written: Callable[[PolicyProblems], list[str]], told: set[str]
) -> Iterator[str]:
    """Why a file cannot be used; nothing that was told already, as of a policy of many files."""
    if file.problems is None:
        return
    lines = written(file.problems)
    text = "\n".join(lines)
    if text not in told:
        yield from lines
    told.add(text)


def failure_lines(file: FileResult, result: ScenarioResult) -> Iterator[str]:
    """Each failure with its line; what the engine had said is told once for each moment."""
    for number, failure in enumerate(result.failures):
        yield from render(_problems(file, _problem(failure)))
        following = result.failures[number + 1 : number + 2]
        if not following or following[0].evidence != failure.evidence:
            yield "    before that:"
            yield from (f"      {printable(line)}" for line in failure.evidence)


def _github(report: Report) -> Iterator[str]:
    told: set[str] = set()
    for file in report.files:
        yield from _unusable(file, render_github, told)
        for result in file.scenarios:
            for failure in result.failures:
                problem = _problem(failure)
                message = "\n".join(
                    (f"{result.scenario.name}: {problem.message}", *failure.evidence)
                )
                yield from render_github(_problems(file, replace(problem, message=message)))
    yield from _coverages(report, render_github)
    yield _summary(report)


def _json(report: Report) -> Iterator[str]:
    files = [
        {
            "file": file.origin,
            "fine": file.problems is None and not file.failed,
            "problems": _problems_data(file.problems),
            "scenarios": [_scenario_data(result) for result in file.scenarios],
        }
        for file in report.files
    ]
    coverages = [
        {
            "policy": coverage.loaded.origin,
            "total": coverage.total,
            "missing": coverage.missing,
            "notes": [as_data(problem) for problem in coverage.notes()],
        }
        for coverage in report.coverages
    ]
    data = {"fine": report.fine, "files": files, "coverage": coverages}
    yield json.dumps(data, indent=2)


FORMATS: dict[str, Callable[[Report], Iterator[str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
}
"""From a report to the lines to print, by the word for `--format`."""


def _problems_data(problems: PolicyProblems | None) -> list[dict[str, object]]:
    """Each with the file that it is in: the scenario file, or a policy that this one names."""
    if problems is None:
        return []
    return [{"file": problems.origin, **as_data(problem)} for problem in problems.problems]


def _scenario_data(result: ScenarioResult) -> dict[str, object]:
    return {
        "name": result.scenario.name,
        "line": result.scenario.span.line,
        "fine": not result.failures,
        "seconds": round(result.seconds, 6),
        "failures": [
            as_data(_problem(f)) | {"evidence": list(f.evidence)} for f in result.failures
        ],
    }


def _coverages(report: Report, written: Callable[[PolicyProblems], list[str]]) -> Iterator[str]:
    for coverage in report.coverages:
        origin, text = coverage.loaded.origin, coverage.loaded.document.text
        yield from written(PolicyProblems(origin, coverage.notes(), text))
        reached = coverage.total - coverage.missing
        yield f"coverage of {printable(origin)}: {reached} of {coverage.total}"


def _summary(report: Report) -> str:
    results = [result for file in report.files for result in file.scenarios]
    failed = sum(file.failed for file in report.files)
    seconds = sum(result.seconds for result in results)
    words = [counted(len(results), "scenario"), f"{failed} failed" if failed else "all passed"]
    if not results:
        words = ["nothing was run"]
    unusable = sum(file.problems is not None for file in report.files)
    if unusable:
        words.append(f"{counted(unusable, 'file')} cannot be used")
    return f"{', '.join(words)} ({seconds:.2f} s)"


def _problem(failure: Failure) -> Problem:
    return Problem(FAILED, failure.message, span=failure.span)


def _problems(file: FileResult, problem: Problem) -> PolicyProblems:
    return PolicyProblems(file.origin, [problem], file.text)
