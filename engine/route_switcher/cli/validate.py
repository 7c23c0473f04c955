"""Check policies: print every problem with its place, and what to write instead.

For a policy without errors it says in which routing table its routes are, and
why. It computes what the policy will do: how soon each rule detects a fault,
and how soon it recovers (typically, and at most); how much the probes of each
uplink send and receive in a month; how often random loss alone would fail it;
and how often a line that flaps would move the traffic. A warning marks
something that is probably a mistake. A note is information.

POLICY is a path, or a name (no '/', not ending in .yaml): 'policy' is
/etc/route-switcher/policy.yaml, other names are policies that come with the
program. It only reads files. If the policy has hooks, it also checks that their
programs are on this machine, and that no other user can change them.

Exit code: 0 fine, 1 problems found, 2 wrong usage.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from route_switcher.analysis.figures.false_alarms import LOSSES
from route_switcher.analysis.figures.policy_figures import Figures, figures_of
from route_switcher.analysis.lints.registry import lints_of
from route_switcher.analysis.monitoring import Times
from route_switcher.analysis.prose.figures_in_words import figures_in_words
from route_switcher.analysis.prose.placement import why_table
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, file_or_standard_input
from route_switcher.cli.color import add_color, print_problems
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.policy.load import SYSTEM_NAME
from route_switcher.policy.problems import (
    PolicyProblems,
    Problem,
    Severity,
    as_data,
    render,
    render_github,
)
from route_switcher.policy.safe_to_run import read_safe
from route_switcher.policy.values import format_share, parse_share
from route_switcher.printable import printable
from route_switcher.text.quantities import counted


@dataclass(frozen=True, slots=True)
class _Result:
    """What checking one file came to: a sound policy and its figures, or none."""

    problems: PolicyProblems
    """Errors, or the warnings and notes about a sound policy."""
    policy: Policy | None = None
    figures: Figures | None = None

    @property
    def fine(self) -> bool:
        return self.policy is not None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `validate`."""
    parser.add_argument(
        "policies",
        nargs="*",
        type=file_or_standard_input,
        metavar="POLICY",
        help="default: policy; - is standard input",
    )
    add_color(parser)
    parser.add_argument(
        "--strict", action="store_true", help="let warnings and notes count as errors"
    )
    written = " and ".join(format_share(loss) for loss in LOSSES)
    parser.add_argument(
        "--loss",
        action="append",
        type=_loss,
        metavar="PERCENT",
        help="compute false failures for this random loss of packets;"
        f" may be repeated (default: {written.replace('%', '%%')})",
    )
    parser.add_argument(
        "--format",
        choices=tuple(_FORMATS),
        default="text",
        help="for people, for programs (times in seconds, traffic in bytes, shares of 1), or for"
        " GitHub's workflows (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Check every POLICY and print what was found."""
    losses = tuple(dict.fromkeys(arguments.loss or LOSSES))
    names = arguments.policies or [SYSTEM_NAME]
    results = [_check(name, losses, arguments.strict) for name in names]
    lines = _FORMATS[arguments.format](results)
    if arguments.format == "text":
        print_problems(lines, arguments.color)
    else:
        print("\n".join(lines))
    return EXIT_OK if all(result.fine for result in results) else EXIT_PROBLEMS


def _loss(text: str) -> float:
    written = text if text.endswith("%") else f"{text}%"
    try:
        loss = parse_share(written)
    except ValueError:
        loss = 0.0
    if not 0 < loss < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage between 0% and 100%")
    return loss


def _check(argument: str, losses: Sequence[float], strict: bool) -> _Result:
    try:
        loaded = read_safe(argument)
    except PolicyProblems as problems:
        return _Result(problems)
    doubts = lints_of(loaded)
    if strict and doubts.problems:
        errors = [replace(doubt, severity=Severity.ERROR) for doubt in doubts.problems]
        return _Result(PolicyProblems(loaded.origin, errors, loaded.document.text))
    return _Result(doubts, loaded.policy, figures_of(loaded.policy, losses))


def _text(results: Sequence[_Result]) -> list[str]:
    lines = []
    for result in results:
        if result.policy is not None and result.figures is not None:
            figures = figures_in_words(result.policy, result.figures)
            lines += [_praise(result), "", *(f"  {line}".rstrip() for line in figures), ""]
        lines += render(result.problems)
    while lines and not lines[-1]:
        lines.pop()
    return [*lines, *_total(results)]


def _github(results: Sequence[_Result]) -> list[str]:
    lines = []
    for result in results:
        lines += render_github(result.problems)
        if result.policy is not None and result.figures is not None:
            words = "\n".join(figures_in_words(result.policy, result.figures))
            figures = Problem("figures", words, severity=Severity.NOTE)
            lines += render_github(PolicyProblems(result.problems.origin, [figures]))
            lines.append(_praise(result))
    return [*lines, *_total(results)]


def _json(results: Sequence[_Result]) -> list[str]:
    files = [
        {
            "file": result.problems.origin,
            "fine": result.fine,
            "problems": [as_data(problem) for problem in result.problems.problems],
            "routes": None if result.policy is None else _routes_as_data(result.policy),
            "figures": None if result.figures is None else _figures_as_data(result.figures),
        }
        for result in results
    ]
    return [json.dumps({"fine": all(r.fine for r in results), "files": files}, indent=2)]


_FORMATS: dict[str, Callable[[Sequence[_Result]], list[str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
}


def _routes_as_data(policy: Policy) -> dict[str, object]:
    """In which table the routes stand and why; the small table of each uplink, if there are any."""
    placement = policy.placement
    small = {name: placement.table_of(at) for at, name in enumerate(policy.names)}
    return {
        "table": placement.table,
        "why": why_table(policy),
        "small_tables": small if placement.own else {},
        "source_rules": placement.own and placement.source_rules,
    }


def _figures_as_data(figures: Figures) -> dict[str, object]:
    """Seconds, bytes, failures in 30 days and shares of the time; null: never, or all the time.

    The bytes lack the probes that are `not_counted`: nobody knows what they send.
    """
    return {
        "moves_an_hour_by_a_flapping_line": round(figures.moves_an_hour, 1),
        "rules": [
            {
                "rule": figure.rule,
                "fault": figure.fault.name.lower(),
                "fails_after": _times_as_data(figure.fails),
                "fails_after_on_standby": _times_as_data(figure.fails_on_standby),
                "ok_after": _times_as_data(figure.returns),
            }
            for figure in figures.rules
        ],
        "uplinks": [
            {
                "uplink": figure.id.name,
                "family": str(figure.id.family),
                "bytes_a_month": round(figure.bytes_a_month),
                "bytes_a_month_on_standby": round(figure.bytes_a_month_on_standby),
                "not_counted": list(figure.not_counted),
                "false_failures_a_month": [
                    {
                        "loss": loss,
                        "failures": failing.failures if isfinite(failing.failures) else None,
                        "away": failing.away,
                        "failures_are_at_most": failing.bound,
                    }
                    for loss, failing in figure.false_failures
                ],
            }
            for figure in figures.uplinks
        ],
    }


def _times_as_data(times: Times) -> dict[str, float | bool]:
    typical, worst = round(times.typical, 6), round(times.worst, 6)
    return {"typical": typical, "worst": worst, "typical_is_at_most": times.bound}


def _praise(result: _Result) -> str:
    policy = result.policy
    assert policy is not None
    counts = [
        counted(len(policy.names), "uplink"),
        counted(len({probe.name for probe in policy.probes}), "probe"),
        counted(len({rule.name for rule in policy.every_rule}), "rule"),
    ]
    doubts = [problem.severity for problem in result.problems.problems]
    found = [
        counted(doubts.count(severity), severity.value)
        for severity in (Severity.WARNING, Severity.NOTE)
        if severity in doubts
    ]
    summary = "; ".join(", ".join(words) for words in (counts, found) if words)
    return f"{printable(result.problems.origin)}: fine ({summary})"


def _total(results: Sequence[_Result]) -> list[str]:
    """One line that sums up; none where everything is fine."""
    failed = [result.problems for result in results if not result.fine]
    if not failed:
        return []
    found = counted(sum(problems.found for problems in failed), "problem")
    return [f"{found} in {len(failed)} of {counted(len(results), 'file')}"]
