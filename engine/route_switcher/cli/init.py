"""Draft a policy for this machine; comments say what it assumes.

It makes an uplink of each default route in the main table, in the order of
their metrics, and of each route that the hooks for DHCP clients have written.
If a gateway came by DHCP or by router advertisements, it writes auto. Other
interfaces that could be uplinks become comments, for you to complete. The
policy goes to standard output. The assumptions also go to standard error. init
changes nothing on this machine, and needs no privileges.

Exit code: 0 done, 1 it wrote only a template, because there is no default
route, or FILE cannot be written, or the kernel gives no answer, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path
from textwrap import wrap

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS
from route_switcher.drafting.draft import Draft, draft
from route_switcher.drafting.text import WIDTH, write
from route_switcher.printable import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `init`."""
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the policy to this file")
    parser.add_argument("--force", action="store_true", help="overwrite FILE if it is there")


def execute(arguments: argparse.Namespace) -> int:
    """Draft a policy and write it."""
    # Here and not above: the completion of all commands is made without trio and pyroute2.
    from route_switcher.cli import on_trio
    from route_switcher.daemon.serve import CannotStart
    from route_switcher.kernel.host.survey import survey

    try:
        drafted = draft(on_trio.run(survey))
    except CannotStart as error:
        print(f"route-switcher init: {error}", file=sys.stderr)
        return EXIT_PROBLEMS
    text = write(drafted)
    if arguments.output is None:
        print(text, end="")
    else:
        refused = _written(arguments.output, text, arguments.force)
        if refused:
            print(f"route-switcher init: {refused}", file=sys.stderr)
            return EXIT_PROBLEMS
    _tell(drafted, arguments.output)
    return EXIT_PROBLEMS if drafted.template else EXIT_OK


def _written(file: Path, text: str, force: bool) -> str | None:
    """Write `text` to `file`; None, or why that could not be."""
    try:
        with file.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return f"{file} is there already: give another --output, or --force to overwrite it"
    except OSError as error:
        return f"cannot write {file}: {error.strerror}"
    return None


def _tell(drafted: Draft, file: Path | None) -> None:
    """In short on standard error, where the policy itself is not to be seen or not read."""
    named = [f"{u.name} ({u.interface} via {u.gateway})" for u in drafted.uplinks]
    uplinks = ", ".join(dict.fromkeys(named))
    first = f"uplinks, in order of preference: {uplinks}"
    if drafted.template:
        first = "no default route with a gateway was found: a template, with made-up values"
    lines = _wrapped(f"route-switcher init: {first}")
    for text in drafted.assumed:
        lines += _wrapped(f"  assumed: {text}")
    for task in drafted.tasks:
        # Its lines are there to be copied.
        lines += [*_wrapped(f"  to do: {task.text}"), *(f"    {line}" for line in task.lines)]
    if file is not None:
        path = file if "/" in str(file) else f"./{file}"
        lines.append(f"written: {file}. Read it, then: route-switcher validate {path}")
    for line in lines:
        print(printable(line), file=sys.stderr)


def _wrapped(text: str) -> list[str]:
    return wrap(
        text, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
