"""Doubts about the programs of hooks: whether this machine has them, and who may change them."""

import os
from pathlib import Path

from route_switcher.analysis.lints.context import LintContext
from route_switcher.other_writers import other_writers
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.hooks import place_of


def doubt_programs(context: LintContext) -> None:
    """A program that is not here, that cannot be run, or that others may change."""
    for hook in context.policy.hooks:
        program, place = hook.run[0], place_of(context.findings, hook)
        missing = _missing(program)
        if missing:
            context.note(
                "no-program",
                place,
                f"{quoted(program)} {missing} on this machine",
                "that is no mistake if the policy is for another machine",
            )
            continue
        try:
            writers = other_writers(Path(program))
        except OSError:
            continue  # it has just gone
        for writer in writers:
            context.warn(
                "program-of-others",
                place,
                f"others may change what is run with the rights of the engine: {writer.who} may"
                f" write {writer.path}",
                writer.remedy,
            )


def _missing(program: str) -> str:
    """Why it cannot be run, in words; empty: it can."""
    if not os.path.exists(program):
        return "is not there"
    if not os.path.isfile(program):
        return "is no file"
    return "" if os.access(program, os.X_OK) else "is not executable"
