"""A world in which a test says how the programs of hooks end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import HookEnded
from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.core.vocabulary.policy import Policy
from support.world import World, policy, uplink

HOOKS = tuple(Hook(kind, ("/bin/it",)) for kind in HookKind)
ON_SWITCH = HOOKS[0]


def hooked(*hooks: Hook, of: Policy | None = None) -> Policy:
    """Uplinks a and b unless said, with these hooks; without any, one of each kind."""
    rules = of or policy(uplink("a", 0), uplink("b", 1))
    return replace(rules, hooks=hooks or HOOKS)


class HookedWorld(World):
    """Runs go on until `end`, or end at once as `ends` says."""

    def __init__(
        self,
        rules: Policy,
        *,
        ends: Callable[[RunHook], str | None] = lambda _: "",
        **arguments: Any,
    ) -> None:
        self.runs: list[RunHook] = []
        """All of them, in their order."""
        self.going: list[RunHook] = []
        """Those that go on."""
        self.ends = ends
        """Why a run fails at once; empty: it ends well; None: it goes on."""
        super().__init__(rules, **arguments)

    def _run_hook(self, effect: RunHook) -> None:
        self.runs.append(effect)
        problem = self.ends(effect)
        if problem is None:
            self.going.append(effect)
        else:
            self._ended.append(self._end(effect, problem))

    def end(self, problem: str = "") -> None:
        """The oldest run that goes on ends."""
        self.tell(self._end(self.going.pop(0), problem))

    def _end(self, effect: RunHook, problem: str) -> HookEnded:
        return HookEnded(self.now, effect.hook, effect.moment.subject, problem)

    def told(self, kind: HookKind | None = None) -> list[str]:
        """What was told in each first attempt, as `on_switch a>b`, or `on_uplink_down b`."""
        return [
            describe(run) for run in self.runs if run.attempt == 1 and kind in (None, run.hook.kind)
        ]


def describe(run: RunHook) -> str:
    """What it is about, in short."""
    moment = run.moment
    to: str = moment.uplink.uplink.name if moment.uplink else "-"
    if moment.kind is HookKind.ON_SWITCH:
        left: str = moment.previous.uplink.name if moment.previous else "-"
        return f"{moment.kind.value} {left}>{to}"
    if moment.kind in (HookKind.ON_ALL_DOWN, HookKind.ON_ALL_UP):
        return str(moment.kind.value)
    return f"{moment.kind.value} {to}"
