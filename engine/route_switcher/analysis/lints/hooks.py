"""Doubts about programs of hooks and probes: are they here, and who may change them?"""

import os
from collections.abc import Iterator
from pathlib import Path as FilePath

from route_switcher.analysis.lints.context import LintContext
from route_switcher.core.vocabulary.checks import ExecProgram
from route_switcher.other_writers import other_writers
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.hooks import place_of
from route_switcher.policy.yaml.reader import Path


def doubt_programs(context: LintContext) -> None:
    """A program that is not here, that cannot be run, or that others may change."""
    for program, place in _programs(context):
        missing = _missing(program)
        if missing:
            context.note(
                "no-program",
                place,
                f"{quoted(program)} {missing} on this machine",
                "ignore this if the policy is for another machine",
            )
            continue
        try:
            writers = other_writers(FilePath(program))
        except OSError:
            continue  # it has just gone
        for writer in writers:
            context.warn(
                "program-of-others",
                place,
                "other users can change a program that runs with the rights of the engine:"
                f" {writer.who} may write {writer.path}",
                writer.remedy,
            )


def doubt_unpinned(context: LintContext) -> None:
    """Programs that are to ask through an uplink: nobody keeps them to it."""
    for path, probe in context.probes():
        if isinstance(probe.check, ExecProgram):
            context.note(
                "unpinned-program",
                (*path, "run", 0),
                f"the engine cannot check if {quoted(probe.check.run[0])} uses the uplink that it"
                " runs for",
                "the program must bind to $INTERFACE, as 'curl --interface' and 'ping -I' do",
            )


def _programs(context: LintContext) -> Iterator[tuple[str, Path]]:
    for hook in context.policy.hooks:
        yield hook.run[0], place_of(context.findings, hook)
    for path, probe in context.probes():
        if isinstance(probe.check, ExecProgram):
            yield probe.check.run[0], (*path, "run", 0)


def _missing(program: str) -> str:
    """Why it cannot be run, in words; empty: it can."""
    if not os.path.exists(program):
        return "is not there"
    if not os.path.isfile(program):
        return "is no file"
    return "" if os.access(program, os.X_OK) else "is not executable"
