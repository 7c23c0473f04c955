"""The report, for people and for programs."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from route_switcher.doctor.finding import Finding, Verdict, worst
from route_switcher.printable import printable
from route_switcher.text.quantities import counted

WIDTH = 80
VERSION = 1
"""Of the document. `schemas/doctor.schema.json` describes it."""

_VERDICT = 6
"""Columns of the verdict, and where all that belongs to a finding begins."""

_ABOVE = "(the command above corrects it)"

_WORD = re.compile(r"(?:[^\s'\"\\]|\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\")+")
"""A word of a command for the shell, with what is quoted in it."""


def document(policy: str, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """The report as one JSON object; `policy` is where the policy comes from."""
    return {
        "version": VERSION,
        "policy": policy,
        "verdict": worst(findings).value,
        "findings": [
            {
                "check": finding.check,
                "subject": finding.subject,
                "verdict": finding.verdict.value,
                "fault": finding.fault,
                "text": finding.text,
                "remedies": list(finding.remedies),
            }
            for finding in findings
        ],
    }


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The report for a terminal of 80 columns: a line for each finding, and under it the commands
    that mend it. What is longer goes on in the next line; a command can be copied as it stands, and
    stands there once."""
    printed: set[str] = set()
    for finding in findings:
        head = f"{finding.verdict.value:<{_VERDICT}}"
        yield from textwrap.wrap(
            f"{head}{finding.check}: {printable(finding.subject)}: {printable(finding.text)}",
            WIDTH,
            subsequent_indent=" " * _VERDICT,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for remedy in finding.remedies:
            if remedy not in printed:
                yield from _command(printable(remedy))
        if finding.remedies and printed.issuperset(finding.remedies):
            yield " " * _VERDICT + _ABOVE
        printed.update(finding.remedies)
    yield _sum(findings)


def _command(remedy: str) -> Iterator[str]:
    """A command, with a backslash at the end of each line but the last."""
    line = " " * _VERDICT + "$"
    for word in _WORD.findall(remedy):
        if len(line) + len(word) + 3 > WIDTH and line.strip():
            yield f"{line} \\"
            line = " " * (_VERDICT + 3) + word
        else:
            line = f"{line} {word}"
    yield line


def _sum(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in findings)
    words = [f"{counts[v]} {v.value}" for v in reversed(Verdict) if counts[v]]
    return f"{counted(len(findings), 'finding')}: {', '.join(words)}"
