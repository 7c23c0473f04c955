"""What holds over a restart while a policy is on trial, and which policy a start takes then.

The file of the policy has the new one already. Without this file, any restart would confirm it.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from route_switcher.daemon.control.kept_file import KeptFile
from route_switcher.daemon.control.order_list import KeptOrder, as_json, orders_in
from route_switcher.policy.load import Written, load_written_text
from route_switcher.policy.problems import PolicyProblems, render
from route_switcher.policy.yaml.reader import MAX_SIZE

FILE = KeptFile("trial", 8 * MAX_SIZE)
"""JSON may write a character as six."""

_BEFORE = "the policy from before"


@dataclass(frozen=True, slots=True)
class Trial:
    """A policy that nobody has confirmed yet, or in time."""

    until: float
    """When the one before it counts again; a time of the machine's monotonic clock."""
    before: Written
    tried: str
    """The digest of the text that is on trial, or was."""
    orders: tuple[KeptOrder, ...] = ()
    """Those that stood when it began, to be given again with the policy from before."""


@dataclass(frozen=True, slots=True)
class First:
    """The policy that a start takes."""

    written: Written
    trial: Trial | None = None
    missed: bool = False
    """`written` is the policy from before the trial."""
    lines: tuple[str, ...] = ()
    """What is to be warned of."""


def digest(text: str) -> str:
    """Says whether two texts are the same."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def write(trial: Trial) -> bool:
    """Keep it; True. Raises OSError."""
    FILE.write(
        {
            "until": trial.until,
            "before": trial.before.text,
            "tried": trial.tried,
            "orders": as_json(trial.orders),
        }
    )
    return True


def remove() -> bool:
    """Keep none; True. Raises OSError."""
    FILE.remove()
    return True


def is_there() -> bool:
    """Whether it is kept. Raises OSError."""
    return FILE.is_there()


def first_policy(read: Callable[[], Written]) -> First:
    """What a start takes where `read` gives what the file says. Raises PolicyProblems."""
    trial = _kept()
    try:
        written = read()
    except PolicyProblems as problems:
        if trial is None:
            raise
        said = (*render(problems), "the policy is not sound: the one from before its trial counts")
        return First(trial.before, trial, missed=True, lines=said)
    if trial is None or written.text == trial.before.text:
        return First(written)
    if trial.until > time.monotonic():
        return First(written, trial)
    if trial.tried == digest(written.text):
        said = ("nobody confirmed the policy in its file: the one from before it counts",)
        return First(trial.before, trial, missed=True, lines=said)
    return First(written)  # somebody has written another one since


def _kept() -> Trial | None:
    try:
        document = FILE.read()
    except OSError:
        return None
    match document:
        case {"until": int() | float() as until, "before": str(text), "tried": str(tried)}:
            try:
                before = load_written_text(text, _BEFORE)
            except PolicyProblems:  # it was sound: another version of us has read it
                return None
            return Trial(float(until), before, tried, orders_in(document))
        case _:
            return None
