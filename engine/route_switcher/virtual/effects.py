"""How the virtual world carries out the effects that have a meaning in it."""

from collections.abc import Callable

from route_switcher.core.effect_table import EffectTable
from route_switcher.core.routing.reconcile import Convergence
from route_switcher.core.vocabulary.effects import (
    EndConnections,
    ProbeNow,
    Reconcile,
    RunHook,
    SpeedChange,
)
from route_switcher.virtual.probing import ProbeStreams


def effects_of_world(
    probing: ProbeStreams,
    convergence: Convergence,
    run: Callable[[RunHook], None],
    end: Callable[[EndConnections], None],
) -> EffectTable:
    """An effect that has no meaning in the world has no entry."""
    table = EffectTable()
    table.add(ProbeNow, lambda effect: probing.ask(effect.uplink, again=effect.again))
    table.add(SpeedChange, lambda effect: probing.set_speed(effect.uplink, effect.speed))
    table.add(Reconcile, lambda _: convergence.ask())
    table.add(RunHook, run)
    table.add(EndConnections, end)
    return table
