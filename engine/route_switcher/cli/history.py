"""Show past switches: when and why traffic moved, what users saw of it, and how
good each uplink was. It reads the engine's journal; the engine need not run.
docs/history.md shows how to read it.

TIME is how long ago (90m, 7d, 4w), or a date: 2026-11-20, '2026-11-20 08:00',
2026-03 (that month), today, yesterday. Times are in this machine's time zone.

--json prints one JSON object: `route-switcher schema history` describes it.

Exit code: 0 done, 1 there is no journal or it cannot be read, 2 there is no
such uplink in it, or wrong usage.
"""

import argparse
import json
from datetime import datetime

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE
from route_switcher.cli.color import add_color, print_states
from route_switcher.cli.folding import say_error
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.past.time_span import begin_of, end_of, end_without_until
from route_switcher.printable import printable

_SINCE = "7d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `history`."""
    parser.add_argument(
        "--since",
        metavar="TIME",
        help=f"the start (default: {_SINCE}; for a date: its first moment)",
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="the end (default: now; for --since yesterday or a month, its end)",
    )
    parser.add_argument("--uplink", metavar="UPLINK", help="show only this uplink")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_color(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Read the journal, and print."""
    now = time_of_day()
    said = _SINCE if arguments.since is None else arguments.since
    try:
        since = begin_of(said, now)
        until = _end(said, arguments.until, now)
    except ValueError as error:
        say_error(f"route-switcher history: {error}")
        return EXIT_USAGE
    if since >= now.timestamp():
        say_error(f"route-switcher history: --since: {said!r} is not in the past")
        return EXIT_USAGE
    if since >= until:
        say_error("route-switcher history: --since is not before --until")
        return EXIT_USAGE
    # Here and not above: wrong usage should be told of without paying for all that.
    from route_switcher.cli.history_screen import screen
    from route_switcher.journal.folder import NoJournal, found
    from route_switcher.journal.framing import LaterVersion
    from route_switcher.journal.reading import Journal
    from route_switcher.past.history import read_history
    from route_switcher.past.history_document import history_document

    try:
        history = read_history(Journal(found()), since, until, _policy_of)
    except (NoJournal, LaterVersion) as error:
        say_error(f"route-switcher history: {error}")
        return EXIT_PROBLEMS
    uplink = arguments.uplink
    if uplink is not None and uplink not in history.names:
        names = ", ".join(history.names) or "none"
        what = f"the journal of that time knows no uplink {printable(uplink)!r}"
        say_error(f"route-switcher history: {what}; it knows: {names}")
        return EXIT_USAGE
    if arguments.json:
        print(json.dumps(history_document(history, uplink)))
    else:
        print_states(map(printable, screen(history, uplink)), arguments.color)
    return EXIT_OK


def time_of_day() -> datetime:
    """What the clock says, in this machine's zone."""
    return datetime.now().astimezone()


def _end(since: str, until: str | None, now: datetime) -> float:
    if until is None:
        return end_without_until(since, now)
    return min(end_of(until, now), now.timestamp())


def _policy_of(text: str) -> Policy | None:
    from route_switcher.policy.load import load_text
    from route_switcher.policy.problems import PolicyProblems

    try:
        return load_text(text, "the journal")
    except PolicyProblems:
        return None
