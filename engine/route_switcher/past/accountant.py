"""Keeps the account of a time, from the entries of a journal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from route_switcher.core.vocabulary.events import Links, LinkState, Round, Start
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.reading import Entry
from route_switcher.journal.records import (
    Began,
    Ended,
    LeftOut,
    Lost,
    PolicyText,
    Reloaded,
    Standing,
)
from route_switcher.past.account import Account
from route_switcher.past.line import Line
from route_switcher.past.orders import Orders
from route_switcher.past.outages import outages
from route_switcher.past.presence import Presence
from route_switcher.past.selections import Selections
from route_switcher.past.troubles import Trouble
from route_switcher.past.watch import Watch

_PATIENCE = 180.0
"""Seconds within which an engine at work has surely written to its journal."""


def account(
    entries: Callable[[Callable[[], bool]], Iterable[Entry]],
    since: float | None,
    until: float,
    policy_of: Callable[[str], Policy | None],
) -> Account:
    """The account of a time; `since` None: from the beginning of the journal on.

    `entries` gives the journal's, and is given what says whether all is calm (`Journal.entries`).
    `policy_of` makes a policy of its text, or None if it cannot be read.
    """
    accountant = Accountant(since, until, policy_of)
    for entry in entries(accountant.calm):
        if entry.wall > until:
            continue
        accountant.take(entry)
    return accountant.close()


class Accountant:
    """Keeps the account, as the journal goes on."""

    def __init__(
        self, since: float | None, until: float, policy_of: Callable[[str], Policy | None]
    ) -> None:
        self._since = since
        self._until = until
        self._policy_of = policy_of
        self._policies: dict[str, Policy | None] = {}
        self._texts: dict[str, str] = {}
        self._lines: dict[UplinkId, Line] = {}
        self._presence = Presence()
        self._links: dict[str, LinkState] = {}
        self._troubles: list[Trouble] = []
        self._selections = Selections()
        self._orders = Orders()
        self._watch: Watch | None = None
        self._session: int | None = None

    def calm(self) -> bool:
        """Whether further good rounds would say nothing."""
        return all(line.calm for line in self._lines.values())

    def counts_only(self, like: Round) -> bool:
        """Whether of further rounds like this one only the number matters."""
        line = self._lines.get(like.uplink)
        return line is not None and line.counts_only(like)

    def take(self, entry: Entry) -> None:
        """One more entry."""
        record, at, ahead = entry.record, entry.wall, entry.ahead
        if isinstance(record, PolicyText):
            self._texts[record.digest] = record.text
            return
        if self._watch is None:
            self._since = at if self._since is None else self._since
            self._watch = Watch(min(self._since, at))
        watch = self._watch
        if entry.session != self._session:
            self._end_session(min(watch.latest, at))
            self._session = entry.session
            watch.begin(at, ahead)
        if isinstance(record, Lost):
            for line in self._lines.values():
                line.forget(watch.latest)
            watch.lose(f"a part of the journal is missing: {record.reason}")
            return
        if (gap := watch.go_on(at, ahead)) is not None:
            for line in self._lines.values():
                line.pause(gap.begins, gap.ends)
        match record:
            case Round():
                self._line(record.uplink).take_round(record, ahead)
            case LeftOut():
                for count in record.counted:
                    self._lines[count.uplink].count(count.probe, count.rounds)
            case RuleChange():
                self._line(record.uplink).take_change(record, at)
            case Decision():
                order = self._orders.tried(record.selected, at)
                drill = self._orders.part_of_drill(record)
                self._selections.decide(at, record, order, drill)
            case Links():
                self._take_links(record.states, at)
            case Switch() | Drill() | Release():
                self._orders.take(record, ahead)
            case Start():
                self._take_links(record.links, at)
            case Began():
                self._take_policy(record.policy, at)
            case Reloaded():
                self._take_policy(record.policy, at)
                self._take_links(record.links, at)
            case Standing():
                self._stand(record, at)
            case Ended():
                self._end_session(at)
                watch.end(at)
            case _:
                pass

    def close(self) -> Account:
        """What came of it."""
        since = self._until if self._since is None else self._since
        watch = self._watch or Watch(since)
        watch.close(self._until, _PATIENCE)
        # An engine at work has written nothing since, and nothing has changed.
        silent = watch.gaps and watch.gaps[-1].ends == self._until
        end = watch.latest if silent else self._until
        for line in self._lines.values():
            line.close(end, lasting=watch.running and not silent)
        self._selections.close(end)
        return self._account(since, watch)

    def _account(self, since: float, watch: Watch) -> Account:
        troubles = sorted(
            (t for t in self._troubles if t.ends > since), key=lambda t: (t.begins, t.ends)
        )
        clipped = [replace(t, begins=max(t.begins, since)) for t in troubles]
        actives = [
            replace(a, begins=max(a.begins, since))
            for a in self._selections.spans
            if a.ends > since
        ]
        return Account(
            since,
            self._until,
            tuple(self._lines),
            tuple(clipped),
            tuple(outages(actives, clipped)),
            tuple(actives),
            tuple(move for move in self._selections.moves if move.at >= since),
            tuple(
                replace(gap, begins=max(gap.begins, since))
                for gap in watch.gaps
                if gap.ends > since
            ),
            self._presence.absent(since, self._until),
        )

    # Parts of the engine.

    def _line(self, uplink: UplinkId) -> Line:
        line = self._lines.get(uplink)
        if line is None:
            line = Line(uplink, self._troubles.append, self._ordered_away)
            self._lines[uplink] = line
            self._presence.heard(uplink)
        return line

    def _ordered_away(self, uplink: UplinkId, at: float) -> str:
        return self._orders.away_from(uplink, at, self._selections.active(uplink.family))

    def _take_policy(self, digest: str, at: float) -> None:
        if digest not in self._policies:
            text = self._texts.get(digest, "")
            self._policies[digest] = self._policy_of(text) if text else None
        policy = self._policies[digest]
        if policy is not None:
            self._presence.take_policy([its.id for its in policy.uplinks], at)
            self._rename(policy, at)
            before, self._lines = self._lines, {}
            for its in policy.uplinks:
                self._lines[its.id] = before.pop(its.id) if its.id in before else self._line(its.id)
            for line in before.values():
                line.close(at)
            self._lines |= before
        for line in self._lines.values():
            line.take_policy(policy, at)

    def _rename(self, policy: Policy, at: float) -> None:
        """An uplink that goes on by another name stays active: what counts is its interface."""
        names = {(self._own_name(its.interface), its.family): its.name for its in policy.uplinks}
        for family in Family:
            was = self._selections.active(family)
            line = None if was is None else self._lines.get(UplinkId(was, family))
            name = None if line is None else names.get((self._own_name(line.interface), family))
            if name is not None and name != was:
                self._selections.rename(at, family, name)

    def _own_name(self, interface: str) -> str:
        """What the kernel calls it."""
        link = self._links.get(interface)
        return interface if link is None else link.own_name

    def _take_links(self, states: Sequence[LinkState], at: float) -> None:
        for state in states:
            self._links[state.interface] = state
        for line in self._lines.values():
            if line.interface in {state.interface for state in states}:
                line.take_link(self._links[line.interface], at)

    def _stand(self, standing: Standing, at: float) -> None:
        """What is known where a file begins in the middle of a run."""
        self._take_policy(standing.policy, at)
        for uplink, rule, state in standing.states:
            if state is RuleState.FAILED:
                self._line(uplink).take_failed(rule)
        self._take_links(standing.links, at)
        for family, name in standing.active:
            self._selections.know(at, family, name)

    def _end_session(self, at: float) -> None:
        for line in self._lines.values():
            line.close(at)
        self._selections.close(at)
        self._orders.forget()
        self._links.clear()
