"""What happened in a world of tests, as a journal tells it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from route_switcher.core.vocabulary.events import Answers, Event, Reload, Round
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.journal.reading import Entry
from route_switcher.journal.records import Began, Ended, PolicyText, Record, Reloaded
from route_switcher.journal.summary import Summing
from route_switcher.past.account import Account
from route_switcher.past.accountant import Accountant
from support.world import World

NOON = 1_795_780_800.0
"""2026-11-27 12:00:00, UTC: the time of day at which the clock of a world begins."""


class Lives:
    """The runs of engines, one after the other, as one journal."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._policies: dict[str, Policy] = {}
        self._sessions = count(1)
        self._summing = Summing(0.0)

    def add(
        self, world: World, rules: Policy, *, ahead: float = NOON, ends: float | None = None
    ) -> None:
        """What an engine did in this world. It was stopped at `ends`; None: it did not say."""
        session = next(self._sessions)
        records = [*self._begun(rules), *self._recorded(world.heard)]
        for each in world.heard:
            if isinstance(each, Round | Answers):
                self._summing.add(each)
        if ends is not None:
            records.append(Ended(ends))
        self.entries += [
            Entry(getattr(record, "at", 0.0) + ahead, session, record, ahead) for record in records
        ]

    def account(self, until: float, since: float | None = NOON) -> Account:
        """What came of it, with times of day."""
        accountant = Accountant(since, until, self._policies.get)
        for entry in self.entries:
            accountant.take(entry)
        return replace(accountant.close(), sums=self._summing.sums)

    def _begun(self, rules: Policy) -> list[Record]:
        digest = self._text(rules)
        return [PolicyText(digest, digest), Began(0.0, "1.0", "boot", 0.0, digest)]

    def _recorded(self, heard: list[Event | Output]) -> Iterator[Record]:
        for each in heard:
            if isinstance(each, Reload):
                digest = self._text(each.policy)
                yield PolicyText(digest, digest)
                yield Reloaded(each.at, digest, each.links)
            else:
                yield each

    def _text(self, rules: Policy) -> str:
        digest = f"policy {len(self._policies)}"
        self._policies[digest] = rules
        return digest


def lived(world: World, rules: Policy, until: float) -> Account:
    """The account of one engine that is at work until then."""
    lives = Lives()
    lives.add(world, rules)
    return lives.account(NOON + until)
