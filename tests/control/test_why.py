"""Why an uplink is active, or is not, in sentences."""

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from control.test_document import (
    CASES,
    VALID,
    all_down,
    damped,
    departing,
    document,
    failed_over,
    idle_order,
    in_the_way,
    ordered,
    ordered_where_it_is,
    recovering,
    starting,
    unplugged,
    well,
)
from route_switcher.cli.status_screen import screen
from route_switcher.control.roles import Verdict
from route_switcher.control.wall_clock import WallClock
from route_switcher.control.why import why
from route_switcher.core.vocabulary.events import NextHops
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from support.next_hops import NOTHING
from support.world import World, policy

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def told(world: World, name: str | None = None) -> list[str]:
    (family,) = world.engine.status(world.now).families
    return why(family, name, WallClock(world.now, NOW))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_uplink_has_a_paragraph_of_whole_sentences(
    case: tuple[Callable[[], World], Verdict, str],
) -> None:
    world = case[0]()
    paragraphs = told(world)
    names = [uplink.name for uplink in world.policy.uplinks]
    assert len(paragraphs) >= len(names)
    for name in names:
        assert any(name in paragraph for paragraph in told(world, name))
    for paragraph in paragraphs:
        assert paragraph.startswith("IPv4: ")
        assert paragraph.endswith(".")
        assert ".." not in paragraph
        assert "  " not in paragraph


def test_the_active_one_comes_first_with_its_cause_and_what_would_end_it() -> None:
    active, other = told(failed_over())
    assert active.startswith("IPv4: secondary is active since ")
    assert "the active uplink failed (rule no-internet)" in active
    assert "Before it, primary was active." in active
    assert active.endswith("or when primary is healthy again.")
    assert "primary is not active. primary is failed" in other
    assert "It waits for: rule no-internet: a good round, then good rounds for 1 min" in other


def test_a_standby_that_is_well_says_whom_it_waits_for() -> None:
    (paragraph,) = told(well(), "secondary")
    assert paragraph == (
        "IPv4: secondary is not active. It is healthy. primary comes first in the policy, and"
        " carries the traffic. secondary takes over when primary fails, or by"
        " `route-switcher switch secondary`."
    )


def test_one_that_recovers_says_how_far_it_is() -> None:
    (paragraph,) = told(recovering(), "primary")
    assert "of 60 s; restarted at" in paragraph
    assert (
        "Traffic returns to primary once it is healthy, or sooner if secondary fails." in paragraph
    )


def test_an_order_is_named_with_its_end_and_what_ends_it() -> None:
    active, other = told(ordered())
    assert "It stays active by an order until " in active
    assert "An order keeps the traffic on secondary until " in other
    assert other.endswith("`route-switcher release` ends the order.")
    active, _ = told(ordered_where_it_is())
    assert "It stays active by a forced order until it is released." in active
    _, other = told(idle_order())
    assert other.startswith("IPv4: secondary is ordered until ")
    assert "but is not active now" in other


def test_a_move_that_is_delayed_says_by_what_and_for_how_long() -> None:
    active, other = told(damped())
    assert "What comes next: " in active or "not returned to by choice for" in other


def test_a_conflict_is_said_of_the_active_uplink() -> None:
    assert "A foreign route comes before ours" in told(in_the_way())[0]


def test_without_a_way_out_it_says_what_is_waited_for() -> None:
    assert "What comes next: another uplink that answers." in told(all_down())[0]
    assert told(starting())[0].startswith("IPv4: no uplink has been selected yet. What comes next")
    assert told(departing())[0].startswith("IPv4: primary has left the policy.")


def test_what_stands_in_the_way_is_not_what_it_waits_for() -> None:
    (paragraph,) = told(unplugged(), "secondary")
    assert paragraph.count("Traffic cannot go there now: eth1 has no carrier.") == 1
    assert "It waits for: rule " in paragraph
    assert paragraph.endswith("secondary takes over if primary fails and secondary answers then.")
    shown = list(screen(document(unplugged())))
    assert any(line.strip() == "cannot be used now: eth1 has no carrier" for line in shown)


def test_of_an_uplink_that_the_family_does_not_have_nothing_is_said() -> None:
    assert told(well(), "lte") == []


def test_a_family_that_never_had_a_next_hop_is_in_no_selection() -> None:
    both = [
        Uplink("wan", "eth0", gateway, 10, family)
        for family, gateway in (
            (Family.IPV4, ip_address("198.51.100.1")),
            (Family.IPV6, GatewayMode.AUTO),
        )
    ]
    world = World(policy(*both), next_hops=NOTHING).run(100)
    found = document(world)
    VALID.validate(found)
    four, six = found["families"]
    assert (found["verdict"], four["verdict"], six["verdict"]) == ("ok", "ok", "absent")
    assert six["uplinks"][0]["role"] == "absent"
    _, family = world.engine.status(world.now).families
    assert why(family, None, WallClock(world.now, NOW)) == [
        "IPv6: wan has never had a next hop in this family, so it is in no selection."
    ]
    assert "IPv6: no uplink is selected yet" in list(screen(found))


def test_a_learned_next_hop_says_who_told_of_it() -> None:
    learning = Uplink("wan", "eth0", GatewayMode.AUTO, 10, Family.IPV4)
    world = World(policy(learning), next_hops=NOTHING).run(10)
    hop = NextHop(ip_address("198.51.100.7"))
    world.tell(NextHops(world.now, (LearnedHop(Family.IPV4, "eth0", hop, 1115, 0, 16),)))
    world.run(20)
    found = document(world)
    VALID.validate(found)
    (uplink,) = found["families"][0]["uplinks"]
    assert (uplink["gateway"], uplink["gateway_from"]) == ("198.51.100.7", "learned")
    assert uplink["learned_from"] == {"protocol": "dhcp", "table": 1115, "metric": 0}
    way = "eth0 via 198.51.100.7 (learned: dhcp, table 1115), metric 10"
    assert any(line.strip() == way for line in screen(found))


def test_table_main_has_its_name_on_the_screen() -> None:
    learning = Uplink("wan", "eth0", GatewayMode.AUTO, 10, Family.IPV4)
    world = World(policy(learning), next_hops=NOTHING).run(10)
    hop = NextHop(ip_address("198.51.100.7"))
    world.tell(NextHops(world.now, (LearnedHop(Family.IPV4, "eth0", hop, 254, 0, 16),)))
    way = "eth0 via 198.51.100.7 (learned: dhcp, table main), metric 10"
    assert any(line.strip() == way for line in screen(document(world.run(20))))
