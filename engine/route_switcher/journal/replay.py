"""Drives the core with what a journal has, as the engine did."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast, get_args

from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.events import Event, Reload
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.journal.reading import Entry
from route_switcher.journal.records import Began, Lost, PolicyText, Reloaded, Unread

_EVENTS, _OUTPUTS = get_args(Event), get_args(Output)


@dataclass(frozen=True, slots=True)
class Step:
    """One event, what the core said then, and what it says now."""

    entry: Entry
    """Of the event."""
    event: Event
    then: tuple[Output, ...]
    """Of the last event of an engine that was killed, perhaps not all."""
    now: tuple[Output, ...]


def replay(entries: Iterable[Entry], policy_of: Callable[[str], Policy]) -> Iterator[Step]:
    """Give a core of its own to each run of the engine whose beginning is there, and give it the
    events, until one is missing. `policy_of` makes a policy of its text."""
    texts: dict[str, str] = {}
    engines: dict[int, Engine] = {}
    waiting: tuple[Entry, Event] | None = None
    then: list[Output] = []

    def step() -> Iterator[Step]:
        if waiting is not None and waiting[0].session in engines:
            engine = engines[waiting[0].session]
            now = engine.handle(waiting[1])
            engine.plans()
            yield Step(waiting[0], waiting[1], tuple(then), now)

    for entry in entries:
        record = entry.record
        if isinstance(record, _OUTPUTS):
            then.append(record)
            continue
        if isinstance(record, Lost | Unread):
            yield from step()
            waiting = None
            engines.pop(entry.session, None)
        elif isinstance(record, PolicyText):
            texts[record.digest] = record.text
        elif isinstance(record, Began):
            if record.policy in texts:
                engines[entry.session] = Engine(policy_of(texts[record.policy]))
        elif isinstance(record, (Reloaded, *_EVENTS)):
            yield from step()
            then = []
            event = _event(cast("Event | Reloaded", record), texts, policy_of)
            waiting = None if event is None else (entry, event)
            if event is None:
                engines.pop(entry.session, None)
    yield from step()


def _event(
    record: Event | Reloaded, texts: dict[str, str], policy_of: Callable[[str], Policy]
) -> Event | None:
    if not isinstance(record, Reloaded):
        return record
    text = texts.get(record.policy)
    if not text:
        return None
    return Reload(
        record.at,
        policy_of(text),
        record.links,
        record.routes,
        record.next_hops,
        record.rules,
    )
