"""A history in words, for a terminal of eighty columns."""

import textwrap
from collections.abc import Iterator
from datetime import datetime
from math import ceil, floor

from route_switcher.cli.asking import UNBROKEN
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.past.account import Account
from route_switcher.past.history import History
from route_switcher.past.history_document import is_about
from route_switcher.past.outages import Outage
from route_switcher.past.switches import Switch
from route_switcher.text.durations import span
from route_switcher.text.quantities import counted, number, volume

WIDTH = 80

_NOTEWORTHY_GAP = 60.0
"""Seconds in which nobody watched; a restart takes less."""

_NAME = 20


def screen(history: History, uplink: str | None) -> Iterator[str]:
    """Its lines; `uplink`: only what is about the uplink of that name."""
    account = history.account
    yield from _folded(
        f"from {_stamp(account.since)} to {_stamp(account.until)} ({span(account.seconds)})", ""
    )
    for family in account.families:
        yield from _folded(f"{family}: {_now(account, family)}", "")
    yield from _gaps(history)
    switches = [each for each in history.switches if is_about(each, uplink)]
    yield ""
    yield _title(len(switches), "switch", "switches")
    causes = {(move.at, move.decision.family): move.cause for move in account.moves}
    for switch in switches:
        yield from _switch(switch, causes[switch.decided, switch.decision.family])
    outages = [o for o in account.outages if uplink is None or uplink in o.uplinks]
    seconds = sum(outage.seconds for outage in outages)
    yield ""
    total = f", {span(seconds)} in all" if outages else ""
    yield f"{_title(len(outages), 'outage', 'outages')} that users saw{total}"
    for outage in outages:
        yield from _outage(outage)
    yield ""
    yield from _table(history, [its for its in account.uplinks if uplink in (None, its.name)])


def _now(account: Account, family: object) -> str:
    spans = [active for active in account.actives if active.family is family]
    if not spans or spans[-1].then is not None:
        return "it is not known which uplink was active"
    last = spans[-1]
    still = "is" if last.ends >= account.until else "was"
    if last.begins <= account.since:
        return f"{last.uplink} {still} active all the time"
    length = span(last.ends - last.begins)
    return f"{last.uplink} {still} active since {_stamp(last.begins)}, for {length}"


def _gaps(history: History) -> Iterator[str]:
    for gap in history.account.gaps:
        seconds = gap.ends - gap.begins
        if seconds >= _NOTEWORTHY_GAP:
            yield from _folded(
                f"nothing is known from {_stamp(gap.begins)} for {span(seconds)}: {gap.reason}", ""
            )
    if history.damaged:
        yield from _folded(
            f"{volume(history.damaged)} of the journal are damaged, and were left out", ""
        )


def _switch(switch: Switch, cause: str) -> Iterator[str]:
    decision = switch.decision
    yield from _folded(
        f"{_stamp(switch.decided)}  {decision.family}: {decision.previous} -> {decision.selected}",
        "  ",
    )
    rules = f" (rule {', '.join(decision.rules)})" if decision.rules else ""
    yield from _folded(f"{cause}{rules}", "    ")
    for evidence in decision.evidence:
        yield from _folded(evidence, "    ")
    steps = _steps(switch)
    if steps:
        yield from _folded(steps, "    ")


def _steps(switch: Switch) -> str:
    """How long each step took, from the first loss on."""
    first = switch.decided if switch.lost is None else switch.lost
    words = []
    if switch.lost is not None:
        words.append(f"lost {_stamp(switch.lost, 'milliseconds')[11:]}")
    for name, at in (
        ("detected", switch.detected),
        ("decided", switch.decided if switch.lost is not None else None),
        ("routes changed", switch.acted),
        ("first answer", switch.answered),
    ):
        if at is not None:
            words.append(f"{name} after {_short(max(at - first, 0.0))}")
    return ", ".join(words)


def _outage(outage: Outage) -> Iterator[str]:
    length = f"{span(outage.seconds)}{' until now' if outage.lasting else ''}"
    through = ", then ".join(outage.uplinks)
    yield from _folded(
        f"{_stamp(outage.begins)}  {length}  {outage.family} through {through}", "  "
    )
    yield from _folded(outage.reason, "    ")
    if outage.apart:
        yield from _folded(f"no matter of the provider: {outage.apart}", "    ")


def _table(history: History, uplinks: list[UplinkId]) -> Iterator[str]:
    yield (
        f"{'uplink':<{_NAME}}{'active':>8}{'available':>11}{'failed':>8}{'loss':>9}"
        f"{'rtt median':>12}{'rtt 95 %':>10}"
    )
    account = history.account
    watched = account.seconds - sum(gap.ends - gap.begins for gap in account.gaps)
    for its in uplinks:
        sums, label = history.figures(its), account.label(its)
        if len(label) >= _NAME:
            yield label
            label = ""
        active = account.active_seconds(its) / watched if watched > 0 else None
        yield (
            f"{label:<{_NAME}}{_share(active):>8}{_share(account.availability(its)):>11}"
            f"{_times(history.failures(its)):>8}{_loss(sums.loss):>9}"
            f"{_milliseconds(sums.quantile(0.5)):>12}{_milliseconds(sums.quantile(0.95)):>10}"
        )


def _title(count: int, noun: str, nouns: str) -> str:
    return counted(count, noun, nouns) if count else f"no {noun}"


def _times(count: int) -> str:
    return f"{count:,} x" if count else "never"


def _share(value: float | None) -> str:
    """Rounded down: nearly always is not always."""
    if value is None:
        return "-"
    return f"{floor(value * 10_000) / 100:.2f} %"


def _loss(value: float | None) -> str:
    return "-" if value is None else f"{ceil(value * 10_000) / 100:.2f} %"


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{number(float(f'{value * 1000:.2g}'))} ms"


def _short(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else span(seconds)


def _stamp(at: float, unit: str = "seconds") -> str:
    return datetime.fromtimestamp(at).isoformat(sep=" ", timespec=unit)


def _folded(text: str, indent: str) -> Iterator[str]:
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", **UNBROKEN
    )
    yield from lines
