"""What happened, as lists: each entry with its begin, its length and its reason."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.past.account import Account
from route_switcher.past.outages import Outage
from route_switcher.past.selections import Move
from route_switcher.past.troubles import Kind, Trouble, overlap
from route_switcher.text.durations import span
from route_switcher.text.quantities import counted, listed


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `reason` is in sentences."""

    begins: float
    ends: float
    reason: str
    lasting: bool = False

    @property
    def length(self) -> str:
        """In words."""
        return span(self.ends - self.begins)


@dataclass(frozen=True, slots=True)
class Listing:
    """Entries of one kind. `key` is a name for programs, `title` what stands above, and `none` what
    is said if there are none."""

    key: str
    title: str
    entries: tuple[Entry, ...]
    none: str


def without_service(account: Account, uplink: UplinkId) -> Listing:
    """What the provider is asked about."""
    troubles = [t for t in account.troubles_of(uplink) if t.counts]
    return _listing(account, f"{account.label(uplink)} without service", "dead", troubles)


def poor(account: Account, uplink: UplinkId) -> Listing:
    """When it answered, and badly."""
    troubles = account.troubles_of(uplink, Kind.POOR)
    return _listing(account, f"{account.label(uplink)} poor", "poor", troubles)


def not_counted(account: Account, uplink: UplinkId) -> Listing:
    """What no provider is asked about."""
    troubles = [t for t in account.troubles_of(uplink) if t.kind is Kind.UNKNOWN or t.apart]
    title = f"{account.label(uplink)}, not counted"
    return _listing(account, title, "apart", troubles)


def _listing(account: Account, title: str, key: str, troubles: Iterable[Trouble]) -> Listing:
    entries = tuple(
        Entry(t.begins, t.ends, " ".join(_sentences(account, t)), t.lasting) for t in troubles
    )
    return Listing(key, title, entries, "Never.")


def _sentences(account: Account, trouble: Trouble) -> Iterator[str]:
    if trouble.kind is Kind.UNKNOWN:
        yield _sentence(f"the probes said nothing: {trouble.reason or 'no reason is known'}")
    else:
        yield _sentence(trouble.reason)
    if trouble.apart and trouble.apart != trouble.reason:
        yield _sentence(f"not counted: {trouble.apart}")
    if trouble.kind is not Kind.NO_SERVICE:
        return
    for seen in trouble.seen_by:
        failed = counted(seen.rounds, "round")
        said = f": {seen.reason}" if seen.reason and seen.reason not in trouble.reason else ""
        yield f"Probe {seen.probe}: {failed} failed{said}."
    yield _seen_by_users(account, trouble)
    yield from _meanwhile(account, trouble)


def _seen_by_users(account: Account, trouble: Trouble) -> str:
    family = trouble.uplink.family
    spans = [(o.begins, o.ends) for o in account.outages if o.family is family]
    seconds = overlap((trouble.begins, trouble.ends), spans)
    return f"Users saw {span(seconds)} of it." if seconds else "Users saw nothing of it."


def _meanwhile(account: Account, trouble: Trouble) -> Iterator[str]:
    for other, (dead, unknown) in account.meanwhile(trouble).items():
        name = account.label(other)
        if dead:
            whole = dead >= trouble.seconds - 0.001
            how_long = "all the time" if whole else f"for {span(dead)} of it"
            yield f"Meanwhile {name} was without service too, {how_long}."
        elif unknown:
            yield f"Meanwhile nothing was known of {name} for {span(unknown)}."
        else:
            yield f"Meanwhile {name} had service."


def outages_of(account: Account, only: Sequence[UplinkId]) -> list[Outage]:
    """Those that users saw while the traffic went through one of these."""
    shown = {(its.name, its.family) for its in only}
    return [o for o in account.outages if shown & {(name, o.family) for name in o.uplinks}]


def moves_of(account: Account, only: Sequence[UplinkId]) -> list[Move]:
    """Those from or to one of these."""
    shown = {(its.name, its.family) for its in only}
    return [m for m in account.moves if shown & {(n, m.decision.family) for n in _between(m)}]


def seen(account: Account, only: Sequence[UplinkId]) -> Listing:
    """What users saw while the traffic went through one of these."""
    several = len(account.families) > 1
    entries = tuple(
        Entry(o.begins, o.ends, " ".join(_seen_sentences(o, several)), o.lasting)
        for o in sorted(outages_of(account, only), key=lambda o: o.begins)
    )
    return Listing("seen", "Outages that users saw", entries, "None.")


def _seen_sentences(outage: Outage, several: bool) -> Iterator[str]:
    whose = f"{outage.family}: " if several else ""
    yield _sentence(f"{whose}the traffic went through {listed(outage.uplinks)}: {outage.reason}")
    if outage.then is not None:
        yield _sentence(f"Then {outage.then.selected} was selected: {outage.then.cause.value}")
    elif not outage.lasting:
        yield "Then the line came back."
    if outage.apart:
        yield _sentence(f"no provider is to be asked: {outage.apart}")


def switches(account: Account, only: Sequence[UplinkId]) -> Listing:
    """The moves of traffic from or to one of these; the length is that of the stay."""
    several = len(account.families) > 1
    entries = tuple(
        Entry(move.at, _stay_ends(account, move), _moved(move, several))
        for move in moves_of(account, only)
    )
    return Listing("switch", "Switches", entries, "None.")


def _between(move: Move) -> tuple[str | None, str]:
    return move.decision.previous, move.decision.selected


def _moved(move: Move, several: bool) -> str:
    decision = move.decision
    family = f"{decision.family}: " if several else ""
    why = "; ".join((move.cause, *decision.evidence))
    return f"{family}{decision.previous} to {decision.selected}: {why}."


def _stay_ends(account: Account, move: Move) -> float:
    """Until when the uplink was active that the traffic went to."""
    family = move.decision.family
    return next(
        (a.ends for a in account.actives if a.family is family and a.begins == move.at), move.at
    )


def unwatched(account: Account) -> Listing:
    """When nobody watched."""
    entries = tuple(Entry(gap.begins, gap.ends, _sentence(gap.reason)) for gap in account.gaps)
    return Listing("gap", "Nobody watched", entries, "The engine ran all the time.")


def _sentence(words: str) -> str:
    words = words.rstrip(".")
    return f"{words[:1].upper()}{words[1:]}."
