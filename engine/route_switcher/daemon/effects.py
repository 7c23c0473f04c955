"""How the daemon carries out each effect. Every kind of effect has a line here."""

from collections.abc import Callable

from route_switcher.core.effect_table import EffectTable
from route_switcher.core.routing.reconcile import Convergence
from route_switcher.core.vocabulary.effects import (
    AskWays,
    EndConnections,
    LeaveOut,
    ProbeNow,
    Reconcile,
    RunHook,
    SpeedChange,
    Verify,
)
from route_switcher.daemon.probing import ProbeTasks


def effects_of_daemon(
    probing: ProbeTasks,
    convergence: Convergence,
    ask_ways: Callable[[], None],
    run_hook: Callable[[RunHook], None],
    verify: Callable[[Verify], None],
    end_connections: Callable[[EndConnections], None],
) -> EffectTable:
    """None of them waits for anything."""
    table = EffectTable()
    table.add(ProbeNow, lambda effect: probing.ask(effect.uplink, again=effect.again))
    table.add(SpeedChange, lambda effect: probing.set_speed(effect.uplink, effect.speed))
    table.add(AskWays, lambda _: ask_ways())
    table.add(LeaveOut, lambda effect: probing.leave_out(effect.uplink, dict(effect.targets)))
    table.add(Reconcile, lambda _: convergence.ask())
    table.add(RunHook, run_hook)
    table.add(Verify, verify)
    table.add(EndConnections, end_connections)
    return table
