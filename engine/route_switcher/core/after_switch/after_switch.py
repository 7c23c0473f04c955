"""Hears what happens, and says which hooks are due. The head of this package says how."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from route_switcher.core.after_switch.confirmation import Confirmation
from route_switcher.core.after_switch.connections import Connections
from route_switcher.core.after_switch.hook_queue import HookQueue
from route_switcher.core.after_switch.moments import moment_of
from route_switcher.core.after_switch.surroundings import Surroundings
from route_switcher.core.after_switch.troubles import Troubles
from route_switcher.core.after_switch.verification import verification
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import (
    ConnectionsEnded,
    Event,
    HookEnded,
    LastDelivered,
    Links,
    Reload,
    Start,
    Tick,
    Ways,
)
from route_switcher.core.vocabulary.hooks import Delivered, Hook, HookKind
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.states import Cause
from route_switcher.core.vocabulary.uplinks import Family, UplinkId

_ALWAYS = (Start, Reload, LastDelivered, Links)


class AfterSwitch:
    """Give it every event, with all that the engine said of it, after the engine has taken it:
    those of which it said something, and those that it `awaits`."""

    def __init__(self) -> None:
        self._queue = HookQueue()
        self._troubles = Troubles()
        self._awaited: dict[Family, Confirmation] = {}
        self._unverified: dict[Family, Confirmation] = {}
        """What is gone on from, though the kernel has not yet said which way the traffic takes."""
        self._selected: dict[Family, Moment] = {}
        """The latest selection."""
        self._accepted: dict[tuple[tuple[str, ...], Family], str] = {}
        """The interface that was active when a program of `on_switch` was due last."""
        self._delivered = dict(self._accepted)
        """The same, when it ended well, and has not been run since."""
        self._down: frozenset[UplinkId] = frozenset()
        self._all_down: frozenset[Family] = frozenset()
        self._asks = False
        self._knows = False
        """Whether it knows what was delivered before the start. Nothing is due until then."""
        self._held: dict[Family, Moment] = {}
        self._connections = Connections()

    @property
    def at_rest(self) -> bool:
        """Whether nothing is awaited, and no hook runs or waits."""
        waiting = self._awaited or self._held
        return self._queue.idle and not waiting and self._connections.at_rest

    def deadline(self) -> float:
        """When a `Tick` is wanted; inf: never."""
        earliest = min(self._queue.deadline(), self._connections.deadline())
        for awaited in self._awaited.values():
            earliest = min(earliest, awaited.until)
        return earliest

    @property
    def delivered(self) -> Delivered:
        """What is to be kept over a restart."""
        switched = tuple((run, family, its) for (run, family), its in self._delivered.items())
        return Delivered(switched, self._down, self._all_down)

    def rename(self, names: Mapping[UplinkId, UplinkId]) -> None:
        """A new policy calls uplinks otherwise; those that `names` lacks have left."""
        self._troubles.rename(names)
        self._down = frozenset(names[its] for its in self._down if its in names)

    @property
    def idle(self) -> bool:
        """Whether nothing follows from a round of which the engine says nothing."""
        return self.at_rest and not self._unverified

    def awaits(self, event: Event) -> bool:
        """Whether something may follow from an event of which the engine says nothing."""
        return isinstance(event, _ALWAYS) or not self.idle

    def follow(
        self,
        event: Event,
        said: Iterable[Output],
        seen: Surroundings,
    ) -> list[Output]:
        """What follows from `event`, of which the engine `said` this."""
        said = tuple(said)
        always = isinstance(event, _ALWAYS)
        outputs: list[Output] = []
        hooks, at, selections = seen.policy.hooks, event.at, seen.selections
        works = any(h.answers for s in selections.values() for h in s.candidates)
        match event:
            case Start():
                self._connections.see(at, event.links)
                self._asks = event.asks
                if event.delivered is not None:
                    self._know(event.delivered, selections.values())
            case LastDelivered():
                self._know(event.delivered, selections.values())
            case Links():
                self._connections.see(at, event.states)
            case ConnectionsEnded():
                self._connections.on_ended(event)
            case Reload():
                self._connections.see(at, event.links)
                self._queue.keep(hooks)
                self._awaited = {f: c for f, c in self._awaited.items() if f in selections}
                self._unverified = {f: c for f, c in self._unverified.items() if f in selections}
                self._selected = {f: m for f, m in self._selected.items() if f in selections}
            case HookEnded():
                self._note(event)
                outputs += self._queue.on_ended(event, hooks, works=works)
            case Tick():
                outputs += self._queue.on_time(at, works=works)
            case _:
                pass
        moved = {output.family for output in said if isinstance(output, Decision)}
        if isinstance(event, Reload):
            moved |= selections.keys()
        if moved or always:
            self._connections.follow(at, selections, moved)
        for output in said:
            if isinstance(output, Decision):
                self._decided(output, selections[output.family])
        if isinstance(event, Tick):
            outputs += self._connections.on_time(at, seen.policy, self._awaited)
        if works:
            outputs += self._queue.on_works(at)
        if self._knows:
            for moment in self._troubles.news(at, selections.values()):
                outputs += self._due(at, hooks, moment, works=works)
        outputs += self._verify(event, seen)
        for family, awaited in list(self._awaited.items()):
            if awaited.confirmed(event, selections[family].plan(), seen.routes, seen.rules):
                del self._awaited[family]
                if awaited.asks:
                    self._unverified[family] = awaited
                    outputs += self._verify(event, seen)
                outputs += self._connections.end(at, family, seen.policy)
                self._held[family] = replace(awaited.moment, astray=selections[family].astray)
        if self._knows:
            for family, moment in list(self._held.items()):
                if not self._connections.waits(family):
                    del self._held[family]
                    outputs += self._switched(at, hooks, moment, works=works)
            if isinstance(event, Reload):
                for moment in self._selected.values():
                    outputs += self._catch_up(at, hooks, moment, works=works)
        self._remember(outputs)
        return outputs

    def _verify(self, event: Event, seen: Surroundings) -> Iterator[Output]:
        """A busy machine may ask the kernel late: what it says is acted on all the same."""
        if not isinstance(event, Ways):
            return
        for family, switch in list(self._unverified.items()):
            if switch.seen(event, seen.selections[family].plan(), seen.routes, seen.rules):
                del self._unverified[family]
                yield from verification(switch.moment, event, seen)

    def _know(self, last: Delivered, selections: Iterable[FamilySelection]) -> None:
        """Begin with what was delivered before the start."""
        there = {h.uplink.id for selection in selections for h in selection.healths}
        self._knows = True
        self._delivered = {(run, family): its for run, family, its in last.switched}
        self._accepted = dict(self._delivered)
        self._down, self._all_down = last.down & there, last.all_down
        self._troubles = Troubles(self._down, self._all_down)

    def _decided(self, decision: Decision, selection: FamilySelection) -> None:
        before = self._selected.get(decision.family)
        moment = moment_of(decision, selection.healths, None if before is None else before.uplink)
        self._selected[decision.family] = moment
        self._awaited[decision.family] = Confirmation(moment, self._asks)
        self._held.pop(decision.family, None)
        self._unverified.pop(decision.family, None)

    def _due(
        self, at: float, hooks: Iterable[Hook], moment: Moment, *, works: bool
    ) -> Iterator[Output]:
        for hook in hooks:
            if hook.kind is moment.kind:
                yield from self._queue.put(at, hook, moment, works=works)

    def _switched(
        self, at: float, hooks: Iterable[Hook], moment: Moment, *, works: bool
    ) -> Iterator[Output]:
        """A selection has become so."""
        if moment.cause is Cause.RESTART:
            yield from self._catch_up(at, hooks, moment, works=works)
            return
        active = _active(moment)
        for hook in hooks:
            key = hook.run, moment.family
            # It was not told of what was selected in between, if the same is selected again.
            if hook.kind is HookKind.ON_SWITCH and (
                moment.previous is None or self._accepted.get(key) != active
            ):
                self._accepted[key] = active
                yield from self._queue.put(at, hook, moment, works=works)

    def _catch_up(
        self, at: float, hooks: Iterable[Hook], moment: Moment, *, works: bool
    ) -> Iterator[Output]:
        """Tell those programs that were told of something else last."""
        active = _active(moment)
        for hook in hooks:
            key = hook.run, moment.family
            missed = self._delivered.get(key) != active and not self._queue.has(hook, moment)
            if hook.kind is HookKind.ON_SWITCH and missed:
                self._accepted[key] = active
                yield from self._queue.put(at, hook, moment, works=works)

    def _note(self, event: HookEnded) -> None:
        moment = self._queue.running(event)
        if moment is not None and not event.problem and moment.kind is HookKind.ON_SWITCH:
            self._delivered[event.hook.run, moment.family] = _active(moment)

    def _remember(self, outputs: Iterable[Output]) -> None:
        """What is down counts as delivered when no program is to be told of it any more. What a run
        that does not come to its end has done is not known."""
        for output in outputs:
            if isinstance(output, RunHook) and output.hook.kind is HookKind.ON_SWITCH:
                self._delivered.pop((output.hook.run, output.moment.family), None)
        busy = self._queue.busy
        down, all_down = self._troubles.down.keys(), self._troubles.all_down.keys()
        self._down = frozenset(
            {its for its in down if not busy(its)} | {its for its in self._down if busy(its)}
        )
        self._all_down = frozenset(
            {f for f in all_down if not busy(f)} | {f for f in self._all_down if busy(f)}
        )


def _active(moment: Moment) -> str:
    assert moment.uplink is not None
    return moment.uplink.uplink.interface
