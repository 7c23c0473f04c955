"""What a person is told of the next hops that are learned."""

from collections.abc import Iterable, Iterator

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.outputs import Level, Notice
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import protocol_name
from route_switcher.core.vocabulary.uplinks import GatewayMode


def next_hop_notices(at: float, healths: Iterable[UplinkHealth]) -> Iterator[Notice]:
    """What to tell now: each next hop that is another than the one that was told of last."""
    for health in healths:
        hop, before = health.next_hop, health.told_hop
        if health.uplink.gateway is not GatewayMode.AUTO or hop is None:
            continue
        if before is None or (hop.gateway, hop.source) != (before.gateway, before.source):
            health.told_hop = hop
            was = "" if before is None else f"; it was {_words(before, health)}"
            text = f"{health.label}: the next hop is {_words(hop, health)}{_where(health)}{was}"
            yield Notice(at, Level.INFO, text)


def trial_notices(at: float, health: UplinkHealth, before: NextHop | None) -> Iterator[Notice]:
    """What to tell of another router that is tried instead of `before`: each once."""
    hop, health.told_hop = health.next_hop, health.next_hop
    if before is None or hop is None or health.hop.tries >= len(health.hop.routers):
        return
    text = f"{health.label}: nothing answers by {_words(before, health)}: trying "
    yield Notice(at, Level.INFO, f"{text}{_words(hop, health)}{_where(health)}")


def where_learned(learned: LearnedHop) -> str:
    """In whose route of which table it was found."""
    table = "main" if learned.table == MAIN_TABLE else str(learned.table)
    return f"table {table}, protocol {protocol_name(learned.protocol)}"


def _where(health: UplinkHealth) -> str:
    if health.hop.learned is not None:
        return f" ({where_learned(health.hop.learned)})"
    return " (from before the restart)" if health.hop.from_before else ""


def _words(hop: NextHop, health: UplinkHealth) -> str:
    return f"{health.uplink.interface} itself" if hop.gateway is None else str(hop.gateway)
