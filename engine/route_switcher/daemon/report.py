"""What the daemon tells a person: one line for each thing that happened, as text or as JSON."""

import logging
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from traceback import format_exception
from typing import assert_never

from route_switcher.core.messages import describe, trouble_age
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.effects import Effect
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.outputs import (
    Decision,
    Level,
    Notice,
    Output,
    RouteLost,
    RoutingRuleLost,
    RuleChange,
)
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.daemon.journal import STANDARD_ERROR, is_journal
from route_switcher.daemon.line_writer import LineStream
from route_switcher.daemon.listeners import let_hear
from route_switcher.daemon.log_limit import LogLimit
from route_switcher.daemon.log_lines import formatter_of

LOG = logging.getLogger("route_switcher")

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_SUBJECTS: dict[str, tuple[str, ...]] = {
    "decision": ("family",),
    "rule": ("uplink", "family", "rule"),
    "routes": (),
}
"""Which fields tell causes of an event apart. In any other event they are told apart by the text,
without its numbers."""

_ANSWERS = frozenset({"start", "reload", "policy", "confirm", "restore", "stop"})
"""Events that answer what a person did: not limited."""

_NUMBER = re.compile(r"[0-9a-f]*:[0-9a-f:.]+|(?<![a-z0-9])[0-9][0-9.]*", re.IGNORECASE)
_LONGEST_SHAPE = 200


@dataclass(frozen=True, slots=True)
class _Line:
    level: int
    event: str
    message: str
    fields: dict[str, object]


_LIMIT: LogLimit[_Line] = LogLimit()

_NOTICE_LEVEL = {
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
}


def set_up_log(level: str, log_format: str) -> None:
    """Send the log to standard error, as `text` or `json`, from `level` up."""
    stream = sys.stderr
    handler = logging.StreamHandler(stream)
    formatter = formatter_of(log_format, stream.encoding, journal=is_journal(STANDARD_ERROR))
    handler.setFormatter(formatter)
    if isinstance(stream, LineStream):
        stream.writer.tell_lost = partial(_lost_lines, formatter)
    LOG.handlers[:] = [handler]
    LOG.propagate = False
    LOG.setLevel(LEVELS[level])


def _lost_lines(formatter: logging.Formatter, count: int, since: float) -> str:
    at = datetime.fromtimestamp(since).astimezone().isoformat(sep=" ", timespec="seconds")
    text = f"{count} lines of this log were lost since {at}: nobody read it, or there was no room"
    level = {"levelno": logging.WARNING, "levelname": "WARNING"}
    what = {"msg": text, "event": "lost", "fields": {"lines": count}}
    record = logging.makeLogRecord(level | what)
    return formatter.format(record) + "\n"


def lines_lost() -> int:
    """How many lines of this log were lost since the start, because nobody read them in time."""
    stream = sys.stderr
    return stream.writer.lost if isinstance(stream, LineStream) else 0


def say(level: int, event: str, message: str, **fields: object) -> None:
    """Write one line; `fields` appear in the JSON form only.

    Where one cause has too much to say, the line is held back and `tell_held` tells of it.
    """
    let_hear(level, event, message, fields)
    if not LOG.isEnabledFor(level):
        return
    line = _Line(level, event, message, fields)
    if level > logging.DEBUG and event not in _ANSWERS:
        now = time.monotonic()
        tell_held(now)
        names = _SUBJECTS.get(event)
        subject = _shape(message) if names is None else tuple(fields[name] for name in names)
        if not _LIMIT.passes(event, subject, line, now):
            return
    _write(line)


def tell_held(at: float) -> None:
    """Tell of the lines that were held back and are due at this `time.monotonic`; inf: of all."""
    for held in _LIMIT.due(at):
        line = held.latest
        if held.more:
            lines = "line" if held.more == 1 else "lines"
            text = (
                f"{line.message} … and {held.more} more {lines} like this in {held.seconds:.0f} s"
            )
            line = replace(line, message=text, fields=line.fields | {"more": held.more})
        _write(line)


def _write(line: _Line) -> None:
    LOG.log(line.level, "%s", line.message, extra={"event": line.event, "fields": line.fields})


def _shape(message: str) -> str:
    """The message without its numbers and addresses: what other lines of its cause share."""
    return _NUMBER.sub("#", message)[:_LONGEST_SHAPE]


def tell(output: Output, policy: Policy) -> None:
    """Tell of one output of the core; `policy` is the one in effect."""
    if isinstance(output, Effect):
        _tell_effect(output, policy)
        return
    match output:
        case Decision():
            _tell_decision(output, policy)
        case RuleChange():
            bad = output.after is RuleState.FAILED
            say(
                logging.WARNING if bad else logging.INFO,
                "rule",
                describe(output, policy),
                uplink=output.uplink.name,
                family=str(output.uplink.family),
                rule=output.rule,
                before=output.before.value,
                after=output.after.value,
                evidence=output.evidence,
            )
        case Notice():
            say(_NOTICE_LEVEL[output.level], "notice", describe(output, policy))
        case RouteLost():
            say(_loss_level(output), "gone", describe(output, policy))
        case RoutingRuleLost():
            say(
                _loss_level(output),
                "routing-rule-gone",
                describe(output, policy),
                family=str(output.rule.family),
                rule=str(output.rule),
            )
        case _:
            assert_never(output)


def _loss_level(lost: RouteLost | RoutingRuleLost) -> int:
    return logging.DEBUG if lost.again else logging.WARNING


def _tell_effect(effect: Effect, policy: Policy) -> None:
    if effect.log_event is not None:
        words = describe(effect, policy)
        say(logging.DEBUG, effect.log_event, words, **effect.log_fields())


def tell_round(event: Round, policy: Policy) -> None:
    """Tell of a round, at debug level."""
    if not LOG.isEnabledFor(logging.DEBUG):
        return
    why = f": {event.reason}" if event.outcome is not RoundOutcome.GOOD else ""
    answers = _words(event.answers)
    say(
        logging.DEBUG,
        "round",
        f"{policy.label(event.uplink)}: {event.probe}: {event.outcome.value}{why} ({answers})",
        uplink=event.uplink.name,
        family=str(event.uplink.family),
        probe=event.probe,
        outcome=event.outcome.value,
        reason=event.reason,
    )


def tell_answers(event: Answers, policy: Policy) -> None:
    """Tell what became of targets after their round was told, at debug level."""
    if not LOG.isEnabledFor(logging.DEBUG):
        return
    age, name = event.at - event.sent_at, policy.label(event.uplink)
    say(
        logging.DEBUG,
        "answers",
        f"{name}: {event.probe}: of a round {age:.3f} s ago: {_words(event.answers)}",
        uplink=event.uplink.name,
        family=str(event.uplink.family),
        probe=event.probe,
        seconds_since_sent=round(age, 6),
    )


def _words(answers: Iterable[Answer]) -> str:
    return ", ".join(
        f"{a.target} {a.rtt * 1000:.1f} ms" if a.rtt is not None else f"{a.target} {a.reason}"
        for a in answers
    )


def tell_failed_observer(name: str, error: Exception) -> None:
    """Tell that an observer raised `error`, which is a bug, with the traceback."""
    say(
        logging.ERROR,
        "observer",
        f"{name} failed, and is left out until the next start; the engine goes on: "
        f"{type(error).__name__}: {error}",
        observer=name,
        traceback="".join(format_exception(error)),
    )


def tell_reconciled(result: Reconciled, seconds: float) -> None:
    """Tell what was changed in the kernel and how long it took; refusals are the core's to tell."""
    took = f"in {seconds * 1000:.1f} ms"
    level = logging.DEBUG if result.again else logging.INFO
    if result.done:
        actions = "; ".join(f"{a.change.value} {a.route} ({a.reason})" for a in result.done)
        say(
            level,
            "routes",
            f"routes changed {took}: {actions}",
            milliseconds=round(seconds * 1000, 3),
            actions=[str(a) for a in result.done],
        )
    if result.rules_done:
        say(
            level,
            "routing-rules",
            f"routing rules changed {took}: {'; '.join(a.words for a in result.rules_done)}",
            milliseconds=round(seconds * 1000, 3),
            actions=[str(a) for a in result.rules_done],
        )


def _tell_decision(decision: Decision, policy: Policy) -> None:
    say(
        logging.WARNING if decision.previous else logging.INFO,
        "decision",
        describe(decision, policy),
        family=str(decision.family),
        previous=decision.previous,
        selected=decision.selected,
        cause=decision.cause.name.lower(),
        rules=list(decision.rules),
        evidence=list(decision.evidence),
        seconds_since_cause=trouble_age(decision),
    )
