"""Which hooks run, wait, pause or are stranded: one run of a program about one subject at a time.

The head of this package has the states.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import HookEnded
from route_switcher.core.vocabulary.hooks import Hook, HookSubject
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.uplinks import UplinkId

PAUSE = 5.0
"""Seconds between a run that failed and the next attempt."""

_Key: TypeAlias = tuple[Hook, HookSubject]


@dataclass(slots=True)
class _Entry:
    moment: Moment
    attempt: int = 0
    """Of the run that goes on, or went on last; 0: none yet."""
    running: bool = False
    waiting: Moment | None = None
    again_at: float = inf
    """When the next attempt is due."""
    stranded: bool = False
    dead: bool = False
    """When the latest run began, no uplink worked."""


class HookQueue:
    """The entries of all programs. It asks for runs, and is told how they ended."""

    def __init__(self) -> None:
        self._entries: dict[_Key, _Entry] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return not self._entries

    def busy(self, subject: HookSubject) -> bool:
        """Whether anything about it runs or waits."""
        return any(its == subject for _, its in self._entries)

    def has(self, hook: Hook, moment: Moment) -> bool:
        """Whether that program runs or waits because of what the moment is about."""
        return (hook, moment.subject) in self._entries

    def running(self, event: HookEnded) -> Moment | None:
        """What the run that has ended was about; None: it is not known."""
        entry = self._entries.get((event.hook, event.subject))
        return entry.moment if entry is not None and entry.running else None

    def deadline(self) -> float:
        """When to call `on_time`; inf: never."""
        if not self._entries:
            return inf
        return min(entry.again_at for entry in self._entries.values())

    def put(self, at: float, hook: Hook, moment: Moment, *, works: bool) -> Iterator[Output]:
        """A hook is due; `works`: an uplink of any family does."""
        entry = self._entries.setdefault((hook, moment.subject), _Entry(moment))
        if entry.running:
            entry.waiting = moment
        else:
            yield self._begin(at, hook, entry, moment, works=works)

    def on_ended(
        self, event: HookEnded, hooks: Collection[Hook], *, works: bool
    ) -> Iterator[Output]:
        """A run has ended. `hooks` are those of the policy."""
        key = event.hook, event.subject
        entry = self._entries.get(key)
        if entry is None or not entry.running:
            return
        entry.running = False
        if event.hook not in hooks:
            del self._entries[key]
        elif entry.waiting is not None:
            latest, entry.waiting = entry.waiting, None
            yield self._begin(event.at, event.hook, entry, latest, works=works)
        elif not event.problem:
            del self._entries[key]
        elif entry.attempt < event.hook.attempts:
            entry.again_at = event.at + PAUSE
        elif not works:
            entry.stranded = True
            text = f"{_named(*key)}: is run again as soon as an uplink works: {event.problem}"
            yield Notice(event.at, Level.WARNING, text)
        elif entry.dead:
            # The line came back while it ran.
            entry.attempt, entry.again_at = 0, event.at + PAUSE
        else:
            del self._entries[key]
            times = "once" if entry.attempt == 1 else f"{entry.attempt} times"
            text = f"{_named(*key)}: failed {times}, and is given up: {event.problem}"
            yield Notice(event.at, Level.ERROR, text)

    def on_time(self, at: float, *, works: bool) -> Iterator[Output]:
        """Begin what is due."""
        for (hook, _), entry in self._entries.items():
            if entry.again_at <= at:
                yield self._run(at, hook, entry, works=works)

    def on_works(self, at: float) -> Iterator[Output]:
        """An uplink works: what is stranded is run again."""
        for (hook, _), entry in self._entries.items():
            if entry.stranded:
                yield self._begin(at, hook, entry, entry.moment, works=True)

    def keep(self, hooks: Collection[Hook]) -> None:
        """Drop what is not in the policy any more; what runs comes to its end."""
        for key, entry in list(self._entries.items()):
            if key[0] not in hooks:
                entry.waiting = None
                if not entry.running:
                    del self._entries[key]

    def _begin(
        self, at: float, hook: Hook, entry: _Entry, moment: Moment, *, works: bool
    ) -> RunHook:
        entry.moment, entry.attempt = moment, 0
        return self._run(at, hook, entry, works=works)

    def _run(self, at: float, hook: Hook, entry: _Entry, *, works: bool) -> RunHook:
        entry.attempt += 1
        entry.running, entry.stranded, entry.again_at = True, False, inf
        entry.dead = not works
        return RunHook(at, hook, entry.moment, entry.attempt)


def _named(hook: Hook, subject: HookSubject) -> str:
    about = f"{subject.name}, {subject.family}" if isinstance(subject, UplinkId) else str(subject)
    return f"{hook.label} ({about})"
