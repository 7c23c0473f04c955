"""The results of `route-switcher test` as JUnit XML, as CI systems read it.

There is no standard; this is what Jenkins, GitLab and GitHub's actions agree on: suites of cases,
each with a time, and a failure or an error that says why.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from route_switcher.cli.scenario_report import FAILED, FileResult, Report, failure_lines
from route_switcher.policy.problems import render
from route_switcher.printable import printable


def write_junit(report: Report, path: Path) -> None:
    """Write the report as JUnit XML, as CI systems read it. Raises OSError."""
    root = Element("testsuites")
    for file in report.files:
        _suite(root, file)
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(root: Element, file: FileResult) -> None:
    name = printable(file.origin)
    seconds = sum(result.seconds for result in file.scenarios)
    broken = file.problems is not None
    counts = {
        "tests": len(file.scenarios) + broken,
        "failures": file.failed,
        "errors": int(broken),
    }
    suite = SubElement(
        root,
        "testsuite",
        {"name": name, "time": f"{seconds:.3f}"} | {key: str(n) for key, n in counts.items()},
    )
    if file.problems is not None:
        case = SubElement(
            suite, "testcase", {"name": name, "classname": name, "file": name, "time": "0.000"}
        )
        first = file.problems.problems[0]
        said = {"type": first.code, "message": printable(first.message)}
        error = SubElement(case, "error", said)
        error.text = _block(render(file.problems))
    for result in file.scenarios:
        case = SubElement(
            suite,
            "testcase",
            {
                "name": printable(result.scenario.name),
                "classname": name,
                "file": name,
                "line": str(result.scenario.span.line),
                "time": f"{result.seconds:.3f}",
            },
        )
        if result.failures:
            said = {"type": FAILED, "message": printable(result.failures[0].message)}
            failure = SubElement(case, "failure", said)
            failure.text = _block(list(failure_lines(file, result)))


def _block(lines: Sequence[str]) -> str:
    """Lines as XML can hold them."""
    return "\n".join(printable(line) for line in ("", *lines, ""))
