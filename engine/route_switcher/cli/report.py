"""Report on the lines, for an administrator to show to the provider.

It shows for each uplink: the time without service, when and how long, what the
probes saw, how the other lines were meanwhile, and what users saw of it. It
lists separately what is not the provider's fault: an interface that was down
here, a drill or an order, and times without an engine or without known rounds.

It reads the engine's journal; the engine need not run. Times are local, with
the name of the time zone.

Exit code: 0 done, 1 there is no journal, it cannot be read, or the file cannot
be written, 2 there is no such uplink, or wrong usage.
"""

import argparse
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE
from route_switcher.cli.color import add_color, print_states
from route_switcher.cli.folding import say_error
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.journal.folder import NoJournal, found
from route_switcher.journal.framing import LaterVersion
from route_switcher.journal.reading import Journal
from route_switcher.past.account import Account
from route_switcher.past.history import read_history
from route_switcher.past.time_span import begin_of, end_of, end_without_until
from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.printable import printable
from route_switcher.reporting.data import as_data
from route_switcher.reporting.page import page
from route_switcher.reporting.text import text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `report`."""
    parser.add_argument(
        "--since",
        default="30d",
        metavar="TIME",
        help="12h, 7d, 2026-11-01, '2026-11-01 14:30', 2026-03 (that month), yesterday"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="the end (default: now; for --since yesterday or a month, its end)",
    )
    parser.add_argument("--uplink", metavar="UPLINK", help="show only this uplink")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to print or send")
    parser.add_argument(
        "--json",
        action="store_true",
        help="for programs (`route-switcher schema report` describes it)",
    )
    add_color(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Read the journal, and print what it says."""
    try:
        since, until = _time(arguments.since, arguments.until)
    except ValueError as error:
        return _refuse(str(error), EXIT_USAGE)
    try:
        told = _account(since, until)
    except (NoJournal, LaterVersion) as error:
        return _refuse(str(error), EXIT_PROBLEMS)
    only = [its for its in told.uplinks if arguments.uplink in (None, its.name)]
    if arguments.uplink is not None and not only:
        names = list(dict.fromkeys(its.name for its in told.uplinks))
        hint = did_you_mean(arguments.uplink, names, f"the uplinks are {', '.join(names)}")
        return _refuse(f"there was no uplink {printable(arguments.uplink)!r}: {hint}", EXIT_USAGE)
    if not only:
        return _refuse("the journal tells of no uplink in that time", EXIT_PROBLEMS)
    if arguments.html is not None and not _write(arguments.html, page(told, only)):
        return EXIT_PROBLEMS
    if arguments.json:
        print(json.dumps(as_data(told, only), indent=2))
    else:
        print_states(map(printable, text(told, only)), arguments.color)
    return EXIT_OK


def _time(since: str, until: str | None) -> tuple[float, float]:
    """Where the time begins and ends. Raises ValueError, whose message says what to write."""
    now = datetime.now().astimezone()
    begins = begin_of(since, now)
    if until is None:
        ends = end_without_until(since, now)
    else:
        ends = min(end_of(until, now), now.timestamp())
    if begins >= now.timestamp():
        raise ValueError(f"--since: {since!r} is not in the past")
    if begins >= ends:
        raise ValueError("--since is not before --until")
    return begins, ends


def _account(since: float, until: float) -> Account:
    history = read_history(Journal(found()), since, until, _policy_of)
    return replace(history.account, sums=history.sums)


def _policy_of(words: str) -> Policy | None:
    """The policy of a journal; None: another version of the program understood it."""
    try:
        return load_text(words, "the journal")
    except PolicyProblems:
        return None


def _write(file: Path, content: str) -> bool:
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        _refuse(f"cannot write {printable(str(file))}: {error.strerror}", EXIT_PROBLEMS)
        return False
    return True


def _refuse(why: str, code: int) -> int:
    say_error(f"route-switcher report: {why}")
    return code
