"""Whether the traffic of a family goes the way that was selected, and what a person is told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import assert_never

from route_switcher.core.recurring import Coming, Recurring
from route_switcher.core.reminder import Reminder
from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import Answer, Lookup
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.routes import PROTOCOL, Route
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.core.vocabulary.ways import Findings
from route_switcher.core.ways.comparison import Difference, Meant, Wrong, compare
from route_switcher.core.ways.obstacles import Obstacle, obstacle
from route_switcher.core.ways.situation import Situation


@dataclass(frozen=True, slots=True)
class Astray:
    """Packets that go another way."""

    what: str
    where: str
    why: Obstacle
    destination: str
    elsewhere: bool
    """By an interface that is no uplink, or by somebody's intention: no warning."""

    @property
    def subject(self) -> tuple[str, str, Obstacle]:
        """What is said once, of all destinations together."""
        return self.what, self.where, self.why


class TrafficWays:
    """Of one family."""

    __slots__ = (
        "_awaited",
        "_family",
        "_mentioned",
        "_recurring",
        "_reminder",
        "_right_text",
        "_said",
        "_texts",
        "astray",
    )

    def __init__(self, family: Family) -> None:
        self.astray = ""
        """Where the traffic goes instead of the selected uplink, in words; empty: it goes there, as
        far as is known."""
        self._family = family
        self._texts: tuple[str, ...] = ()
        self._said: frozenset[str] = frozenset()
        self._reminder = Reminder()
        self._recurring: Recurring[str] = Recurring()
        self._right_text = ""
        self._awaited = False
        self._mentioned: set[str] = set()

    @property
    def remind_at(self) -> float:
        """When to call `on_time`; inf: never."""
        return min(self._reminder.next_at if self._texts else inf, self._recurring.deadline())

    def on_decision(self) -> None:
        """Another uplink was selected: the next answers tell whether the traffic goes there."""
        self._awaited = True
        self._end()

    def on_time(self, at: float) -> list[Output]:
        """What is told once more."""
        outputs = self._tell(at, self._texts) if self._texts and self._reminder.due(at) else []
        if self._recurring.ended(at) and not self._texts:
            outputs.append(Notice(at, Level.INFO, self._right_text))
        return outputs

    def see(self, at: float, situation: Situation, findings: Findings) -> list[Output]:
        """Take answers; what a person should know."""
        carrier = situation.carriers.get(self._family)
        if carrier is None:
            self._end()
            return []
        name = carrier.line.uplink.name
        found = list(astray_ways(self._family, situation, findings))
        outputs = self._mention(at, name, [each for each in found if each.elsewhere])
        astray = [each for each in found if not each.elsewhere]
        if not astray:
            return outputs + self._right(at, situation, findings, name)
        targets = len(situation.targets(self._family))
        texts: dict[str, None] = {}
        short: dict[str, None] = {}
        for what, where, why in dict.fromkeys((a.what, a.where, a.why) for a in astray):
            those = [
                a.destination for a in astray if (a.what, a.where, a.why) == (what, where, why)
            ]
            to = "" if len(those) == targets else f" to {', '.join(those)}"
            short[f"{what}{to} {where}"] = None
            texts[f"{self._family}: {name} is selected, but {what}{to} {where}: {why}"] = None
        self.astray, self._texts, self._awaited = "; ".join(short), tuple(texts), False
        news = {t: self._recurring.comes(at, t) for t in texts if t not in self._said}
        self._said = frozenset(texts)
        if not news:
            return outputs
        self._reminder.end()
        self._reminder.due(at)
        # A foreign default route that decides was told of when it came.
        if self._family in situation.named:
            return outputs
        return outputs + self._tell(at, (_in_words(t, c) for t, c in news.items() if c.tell))

    def _right(
        self, at: float, situation: Situation, findings: Findings, name: str
    ) -> list[Output]:
        if not (self._texts or self._awaited) or not any(_asked(self._family, situation, findings)):
            return []
        self._right_text = f"{self._family}: the kernel sends the traffic through {name}"
        tell = self._awaited
        for text in self._said:
            tell |= self._recurring.goes(at, text)
        self._end()
        self._awaited = False
        return [Notice(at, Level.INFO, self._right_text)] if tell else []

    def _end(self) -> None:
        self.astray, self._texts, self._said = "", (), frozenset()
        self._reminder.end()

    def _mention(self, at: float, name: str, found: list[Astray]) -> list[Output]:
        """What goes elsewhere is told once, as long as the engine runs."""
        texts = {
            f"{self._family}: {a.what} {a.where}, whichever uplink is selected: {a.why.words}": None
            for a in found
        }
        news = [text for text in texts if text not in self._mentioned]
        self._mentioned.update(news)
        return [Notice(at, Level.INFO, text) for text in news]

    def _tell(self, at: float, texts: Iterable[str]) -> list[Output]:
        return [Notice(at, Level.WARNING, text) for text in texts]


def astray_ways(family: Family, situation: Situation, findings: Findings) -> Iterator[Astray]:
    """Packets of `family` that do not go the way of the selected uplink, as the kernel says. One
    must be selected (`Situation.carriers`)."""
    carrier = situation.carriers[family]
    route, uplinks = carrier.route, situation.uplinks(family)
    meant = Meant(route.interface, route.gateway, route.table)
    own: set[Address] = set()
    names = {u.interface: u.name for u in situation.policy.uplinks_of(family)}
    for lookup in _asked(family, situation, findings):
        wrong = compare(findings.answers[lookup], meant, uplinks)
        if wrong is None or _harmless(lookup, wrong):
            continue
        if _is_next_best(findings.answers[lookup], route):
            continue  # the active route was taken away just now, which is told and mended
        if lookup.in_interface is None:
            if lookup.destination in own:
                continue  # connections go there as well
            own.add(lookup.destination)
        why = obstacle(lookup, wrong, findings, route.table)
        refused = wrong.difference is Difference.REFUSED
        if lookup.in_interface is not None and refused and not why.remedy:
            continue  # forwarding may be off there
        elsewhere = wrong.difference is Difference.NO_UPLINK or why.some_sources
        where = _where(wrong, names)
        yield Astray(_what(lookup), where, why, str(lookup.destination), elsewhere)


def _asked(family: Family, situation: Situation, findings: Findings) -> Iterator[Lookup]:
    """The questions about traffic that were asked."""
    interfaces = situation.uplinks(family).interfaces
    for lookup in findings.answers:
        if lookup.family is not family or lookup.out_interface is not None:
            continue
        if lookup.in_interface is None or lookup.in_interface not in interfaces:
            yield lookup


def _in_words(text: str, coming: Coming) -> str:
    return text if coming.first else f"again and again, {coming.words}: {text}"


def _harmless(lookup: Lookup, wrong: Wrong) -> bool:
    """Whether it is a connection that only looks in a table of its own: the way is right."""
    return lookup.source is not None and wrong.difference is Difference.OTHER_TABLE


def _is_next_best(answer: Answer, active: Route) -> bool:
    """Whether it is another standing route of ours, behind the active one. One to a prefix that
    moves with the default has the same metric."""
    if not isinstance(answer, KernelRoute) or answer.protocol != PROTOCOL:
        return False
    return answer.table == active.table and answer.metric > active.metric


def _what(lookup: Lookup) -> str:
    if lookup.in_interface is not None:
        return f"what comes in by {lookup.in_interface}"
    if lookup.source is not None:
        return f"what this machine sends from {lookup.source}"
    return "traffic"


def _where(wrong: Wrong, names: Mapping[str, str]) -> str:
    hop = wrong.hop
    match wrong.difference:
        case Difference.REFUSED:
            return "goes nowhere"
        case Difference.OURSELVES:
            return "goes to this machine itself"
        case Difference.OTHER_UPLINK:
            name = names.get(hop.interface, hop.interface) if hop is not None else ""
            return f"leaves through {name}"
        case Difference.OTHER_GATEWAY:
            gateway = hop.gateway if hop is not None else None
            return f"leaves through another gateway ({gateway})" if gateway else "has no gateway"
        case Difference.OTHER_TABLE:
            table = wrong.answer.table if isinstance(wrong.answer, KernelRoute) else ""
            return f"goes by table {table}, which no switch changes"
        case Difference.OTHER_SOURCE:
            return "has the address of another uplink"
        case Difference.NO_UPLINK:
            return f"leaves through {hop.interface if hop else ''}, which is no uplink"
        case _:
            assert_never(wrong.difference)
