"""What a switch costs that is not due to a fault: back to a mended uplink, or to one preferred."""

import time
from contextlib import ExitStack

from bench.cutting import Blackhole
from bench.figures import Table, first_paragraph, goal
from bench.observing import Moves
from bench.running import Engine, policy_text
from route_switcher.lab.addresses import INTERNET, LAN, ROUTER
from route_switcher.lab.stream import Outage, PacketStream
from route_switcher.lab.topology import Lab

TIMES = 10
_AROUND = 0.1
"""Seconds before and after a move that its packets are counted in."""
_PATIENCE = 5.0


def measure() -> Table:
    """Ten fail-backs after a mended blackhole, and ten reloads that prefer the other uplink, under
    1,000 packets a second; counted are those sent from 100 ms before the routes moved to 100 ms
    after. With masquerade, which drops a flow's mapping and the packet that shows it the new way,
    and with plain routing.
    """
    rows = []
    ways = (("masquerade", True, 1), ("plain routing", False, 0))
    for move, act in (("fail-back", _fail_backs), ("ordered", _reloads)):
        for words, masqueraded, allowed in ways:
            with Lab() as lab:
                if not masqueraded:
                    _route_plainly(lab)
                outages = act(lab)
            lost = [outage.lost for outage in outages]
            sent = sum(outage.sent for outage in outages)
            aim = goal(max(lost), allowed, "at the worst")
            rows.append((move, words, f"{sum(lost)} of {sent:,}", str(max(lost)), aim))
    columns = ("move", "the client's packets", "lost in ten", "at the worst", "goal")
    return Table("Voluntary moves", first_paragraph(measure.__doc__), columns, tuple(rows))


def _route_plainly(lab: Lab) -> None:
    """No translation: the internet knows the way to the LAN, always by the second uplink."""
    way = lab.uplinks[1]
    lab.run(ROUTER, "nft", "flush", "ruleset")
    lab.run(INTERNET, "ip", "route", "add", str(LAN), "via", str(way.backbone.ip))
    lab.run(way.name, "ip", "route", "add", str(LAN), "via", str(way.address.ip))


def _fail_backs(lab: Lab) -> list[Outage]:
    with ExitStack() as held:
        primary, secondary = lab.uplinks
        moves = held.enter_context(Moves(lab))
        hole = held.enter_context(Blackhole(lab, primary))
        held.enter_context(Engine(lab, policy_text(lab))).wait_until_healthy(rules=4)
        stream = held.enter_context(PacketStream(lab))
        moves.wait_for(primary, _PATIENCE)
        moved = []
        for _ in range(TIMES):
            hole.cut()
            moves.wait_for(secondary, _PATIENCE)
            hole.mend()
            moved.append(moves.wait_for(primary, _PATIENCE))
            time.sleep(2 * _AROUND)
        stream.stop()
    return _around(stream, moved)


def _reloads(lab: Lab) -> list[Outage]:
    policies = (policy_text(lab), policy_text(lab, swapped=True))
    with ExitStack() as held:
        moves = held.enter_context(Moves(lab))
        engine = held.enter_context(Engine(lab, policies[0]))
        engine.wait_until_healthy(rules=4)
        moves.catch_up()
        stream = held.enter_context(PacketStream(lab))
        moved = []
        for number in range(1, TIMES + 1):
            time.sleep(3 * _AROUND)
            swapped = number % 2
            engine.reload(policies[swapped])
            moved.append(moves.wait_for(lab.uplinks[swapped], _PATIENCE))
        time.sleep(2 * _AROUND)
        stream.stop()
    return _around(stream, moved)


def _around(stream: PacketStream, moved: list[float]) -> list[Outage]:
    return [stream.outage(at - _AROUND, at + _AROUND) for at in moved]
