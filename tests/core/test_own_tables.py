"""Standing routes in a table of our own: what is planned, and moves that may stop anywhere."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.core.routing.rule_list import leads_all, leaves_defaults_out
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import RoutingRuleLost
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Placement, Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRuleAction
from route_switcher.core.vocabulary.routes import Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from support.world import World, policy, uplink

V4 = Family.IPV4
LINKS = (
    LinkState("eth0", addresses=frozenset({ip_address("198.51.100.201")})),
    LinkState("eth1", addresses=frozenset({ip_address("198.51.100.202"), ip_address("fe80::2")})),
)


def placed(where: int, the_policy: Policy | None = None, *, source_rules: bool = True) -> Policy:
    """The seed's policy with its routes in this table."""
    return replace(the_policy or policy(), placement=Placement(where, source_rules))


def routes(world: World) -> set[tuple[int, str, int]]:
    """Table, interface and metric of each route of ours."""
    return {(r.table, r.interface, r.metric) for r in world.table if r.ours}


def rules(world: World) -> list[str]:
    return [str(rule).partition(" pref")[0] for rule in world.table.rules.ours]


def wanted(where: int, active: str = "eth0") -> set[tuple[int, str, int]]:
    """All routes of ours, while the primary is healthy or lost."""
    first = 10 if active == "eth0" else 1010
    standing = {(where, "eth0", first), (where, "eth1", 20)}
    small = {(where + 1, "eth0", 10), (where + 2, "eth1", 20)} if where != MAIN_TABLE else set()
    return standing | small


def test_tables_and_rules_of_a_policy() -> None:
    world = World(placed(115), links=LINKS).run(5.0)
    assert routes(world) == wanted(115)
    assert rules(world) == [
        "not fwmark 0x73737373 lookup main suppress_prefixlength 0",
        "oif eth0 lookup 116",
        "oif eth1 lookup 117",
        "from 198.51.100.201/32 lookup 116",
        "from 198.51.100.202/32 lookup 117",
        "lookup 115",
    ]


def test_before_the_first_selection_traffic_is_not_led() -> None:
    theirs = Route(V4, "eth0", ip_address("198.51.100.1"), 0, protocol=16)
    world = World(placed(115), found=[theirs], links=LINKS)
    assert not any(map(leads_all, world.table.rules.ours))
    assert routes(world) >= {(116, "eth0", 10), (117, "eth1", 20)}
    world.run(5.0)
    assert leads_all(world.table.rules.ours[-1])


def test_in_main_no_rule_is_made() -> None:
    world = World(policy(), links=LINKS).run(5.0)
    world.cut("primary")
    world.run(20.0)
    assert rules(world) == []
    assert routes(world) == wanted(MAIN_TABLE, "eth1")


def test_source_rules_are_a_choice_and_never_ambiguous() -> None:
    world = World(placed(115, source_rules=False), links=LINKS).run(5.0)
    assert not any("from" in rule for rule in rules(world))
    same = tuple(replace(link, addresses=LINKS[0].addresses) for link in LINKS)
    world = World(placed(115), links=same).run(5.0)
    assert not any("from" in rule for rule in rules(world))


def test_a_rule_has_the_kernels_own_name_of_an_interface() -> None:
    links = (replace(LINKS[0], name="enp1s0"), LINKS[1])
    world = World(placed(115), links=links).run(5.0)
    assert "oif enp1s0 lookup 116" in rules(world)
    world.set_links(replace(links[0], name="lan9"))
    assert "oif lan9 lookup 116" in rules(world)
    assert "oif enp1s0 lookup 116" not in rules(world)


def test_a_failover_keeps_the_small_tables() -> None:
    world = World(placed(115), links=LINKS).run(5.0)
    world.cut("primary")
    world.run(20.0)
    assert routes(world) == wanted(115, "eth1")
    assert world.best() == next(r for r in world.table if (r.table, r.metric) == (115, 20))


def test_foreign_routes_of_main_are_no_conflict() -> None:
    theirs = Route(V4, "eth0", ip_address("198.51.100.1"), 0, protocol=16)
    world = World(placed(115), found=[theirs], links=LINKS).run(5.0)
    assert not [text for text in world.notices() if "in the way" in text]
    in_ours = replace(theirs, table=115, gateway=ip_address("198.51.100.99"))
    world.put(in_ours)
    assert [text for text in world.notices() if "in the way" in text and "table 115" in text]


def test_what_holds_a_metric_in_main_holds_none_in_another_table() -> None:
    theirs = Route(V4, "eth9", ip_address("198.51.100.1"), 10, protocol=16)
    world = World(placed(115), found=[theirs], links=LINKS).run(5.0)
    assert routes(world) == wanted(115)


@pytest.mark.parametrize("number", range(6))
def test_a_lost_rule_is_put_back_in_order(number: int) -> None:
    world = World(placed(115), links=LINKS).run(5.0)
    before = world.table.rules.ours
    world.table.rules.take_away(before[number])
    world.see_routes()
    assert world.table.rules.ours == before
    assert [o.rule for o in world.outputs if isinstance(o, RoutingRuleLost)] == [before[number]]


def test_rules_that_others_reorder_are_put_in_order() -> None:
    world = World(placed(115), links=LINKS).run(5.0)
    before = world.table.rules.ours
    world.table.rules.take_away(before[0])
    world.table.rules.put(before[0])
    world.see_routes()
    world.run(6.0)
    assert world.table.rules.ours == before


class CrashError(Exception):
    """The engine ends here."""


def crash_after(world: World, count: int) -> None:
    """Let the engine end after so many actions."""
    left = [count]

    def counted() -> None:
        if left[0] == 0:
            raise CrashError
        left[0] -= 1

    def refusing(_: RouteAction) -> str | None:
        counted()
        return None

    apply: Callable[[RoutingRuleAction], str | None] = world.table.rules.apply

    def apply_rule(action: RoutingRuleAction) -> str | None:
        counted()
        return apply(action)

    world.refusing = refusing
    world.table.rules.apply = apply_rule  # type: ignore[method-assign]


def heal(world: World) -> None:
    world.refusing = lambda _: None
    del world.table.rules.apply


MOVES = [(MAIN_TABLE, 115), (115, MAIN_TABLE), (115, 200), (115, 116), (116, 115), (117, 115)]


@pytest.mark.parametrize("active", ["eth0", "eth1"])
@pytest.mark.parametrize("how", ["reload", "restart"])
@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_move_may_stop_anywhere(before: int, after: int, how: str, active: str) -> None:
    """Traffic never leaves its uplink, and the next engine finishes the move."""
    fresh = World(placed(after), links=LINKS).run(5.0)
    for steps in range(60):
        world = World(placed(before), links=LINKS).run(5.0)
        if active == "eth1":
            world.cut("primary")
            world.run(10.0)
        assert routes(world) == wanted(before, active)
        crash_after(world, steps)
        done = True
        try:
            getattr(world, how)(placed(after))
        except CrashError:
            done = False
        heal(world)
        best = world.best()
        assert best is not None
        assert best.interface == active
        sound = False
        for rule in world.table.rules.ours:
            sound = sound or leaves_defaults_out(rule)
            assert sound or not leads_all(rule)
        if not done:
            world.restart(placed(after))
        assert world.switches() == ([] if active == "eth0" else world.switches()[:1])
        assert routes(world) == wanted(after, active)
        assert rules(world) == rules(fresh)
        if done:
            return
    raise AssertionError("it took more steps than expected")


def test_rules_that_the_kernel_refuses_leave_the_routes_of_main() -> None:
    world = World(policy(), links=LINKS).run(5.0)
    asked: list[RoutingRuleAction] = []

    def refuse(action: RoutingRuleAction) -> str:
        asked.append(action)
        return "changing routing rules is not permitted: CAP_NET_ADMIN is missing"

    world.table.rules.apply = refuse  # type: ignore[method-assign]
    world.reload(placed(115))
    world.run(300.0)
    assert {(r.interface, r.metric) for r in world.table if r.ours and r.table == MAIN_TABLE} == {
        ("eth0", 10),
        ("eth1", 20),
    }
    told = [text for text in world.notices() if "refused by the kernel: add IPv4 rule" in text]
    assert len(told) == 1
    assert told[0].endswith("The traffic goes by the main table until the kernel takes it")
    assert len(asked) <= 5
    world.cut("primary")
    world.run(330.0)
    del world.table.rules.apply
    world.run(1000.0)
    assert routes(world) == wanted(115, "eth1")


def test_a_removed_active_uplink_carries_on_in_the_new_table() -> None:
    one, other = uplink("primary", 0), uplink("secondary", 1)
    world = World(policy(one, other), links=LINKS).run(5.0)
    world.cut("secondary")
    world.run(20.0)
    world.reload(placed(115, policy(other)))
    best = world.best()
    assert best is not None
    assert best.interface == "eth0"
    world.mend("secondary")
    world.run(200.0)
    assert (115, "eth1", 20) in routes(world)
    assert not [r for r in routes(world) if r[1] == "eth0"]
