"""What a journal says of lines, of users, and of times in which nobody watched."""

from dataclasses import replace
from itertools import pairwise

import pytest

from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.records import Lost
from route_switcher.past.account import Account
from route_switcher.past.troubles import Kind, Trouble
from support.lived import NOON, Lives, lived
from support.world import World, policy, uplink

PRIMARY = UplinkId("primary", Family.IPV4)
SECONDARY = UplinkId("secondary", Family.IPV4)
RULES = policy()


def _told(troubles: list[Trouble]) -> list[tuple[Kind, float, float, str]]:
    return [(t.kind, t.begins - NOON, t.ends - NOON, t.apart) for t in troubles]


def _cut_once() -> tuple[World, Account]:
    world = World(RULES).run(100.0)
    world.outage("primary", 160.0)
    world.run(400.0)
    return world, lived(world, RULES, 400.0)


def test_a_line_is_without_service_from_the_first_lost_round_to_the_first_good_one() -> None:
    _, account = _cut_once()
    (trouble,) = account.troubles
    # The rounds of primary are sent at whole seconds; that of 160.0 is lost, for it is mended then.
    assert (trouble.uplink, trouble.kind, trouble.apart) == (PRIMARY, Kind.NO_SERVICE, "")
    assert trouble.begins - NOON == pytest.approx(100.0, abs=1.01)
    assert trouble.ends - NOON == pytest.approx(160.0, abs=1.01)
    assert "rule no-internet: 3 rounds in a row failed" in trouble.reason
    (seen,) = trouble.seen_by
    assert seen.probe == "internet"
    assert 58 <= seen.rounds <= 62
    assert account.without_service(PRIMARY) == trouble.seconds
    assert account.availability(PRIMARY) == pytest.approx(1 - trouble.seconds / 400)
    assert account.availability(SECONDARY) == 1.0


def test_users_saw_it_until_the_switch() -> None:
    world, account = _cut_once()
    (outage,) = account.outages
    (switch, back) = world.switches()
    assert outage.uplinks == ("primary",)
    assert outage.begins == account.troubles[0].begins
    assert outage.ends == NOON + switch[0]
    assert outage.then is not None
    assert outage.then.selected == "secondary"
    assert [move.at - NOON for move in account.moves] == [switch[0], back[0]]
    times = {a.uplink: a.ends - a.begins for a in account.actives[1:2]}
    assert times == {"secondary": pytest.approx(back[0] - switch[0])}


def test_how_the_other_line_fared_meanwhile() -> None:
    world = World(RULES).run(100.0)
    world.cut("primary")
    world.run(120.0)
    world.outage("secondary", 150.0)
    world.run(200.0)
    world.mend("primary")
    world.run(400.0)
    account = lived(world, RULES, 400.0)
    (primary,) = account.troubles_of(PRIMARY)
    (secondary,) = account.troubles_of(SECONDARY)
    ((other, (dead, unknown)),) = account.meanwhile(primary).items()
    assert (other, unknown) == (SECONDARY, 0.0)
    assert dead == pytest.approx(secondary.seconds)
    assert [outage.uplinks for outage in account.outages] == [("primary",), ("secondary",)]


def test_what_goes_on_behind_another_line_is_one_outage() -> None:
    world = World(RULES).run(100.0)
    world.cut("primary")
    world.run(102.0)
    world.cut("secondary")
    world.run(150.0)
    world.mend("secondary")
    world.run(400.0)
    account = lived(world, RULES, 400.0)
    (outage,) = account.outages
    assert outage.seconds == pytest.approx(50.0, abs=3)


def test_single_lost_rounds_are_no_outage() -> None:
    world = World(RULES).run(100.0)
    for begin in (100.0, 120.0, 140.0):
        world.run(begin)
        world.outage("primary", begin + 1.5)
    world.run(200.0)
    assert lived(world, RULES, 200.0).troubles == ()


def test_a_lost_carrier_counts_and_an_interface_that_is_down_here_does_not() -> None:
    world = World(RULES).run(100.0)
    world.link("primary", carrier=False)
    world.run(130.0)
    world.link("primary")
    world.run(300.0)
    world.link("primary", up=False, carrier=False)
    world.run(330.0)
    world.link("primary")
    world.run(500.0)
    account = lived(world, RULES, 500.0)
    lost, down = account.troubles_of(PRIMARY)
    assert (lost.kind, lost.counts) == (Kind.NO_SERVICE, True)
    assert lost.begins == NOON + 100.0
    assert lost.ends - NOON == pytest.approx(130.0, abs=1.1)
    assert (down.kind, down.counts) == (Kind.NO_SERVICE, False)
    assert down.apart == "the interface eth0 was down on this machine"
    assert down.ends - NOON == pytest.approx(330.0, abs=1.1)
    assert account.without_service(PRIMARY) == lost.seconds
    assert account.watched(PRIMARY) == pytest.approx(500 - down.seconds)


def test_a_line_that_is_dead_when_its_interface_comes_up_again_counts_from_then_on() -> None:
    world = World(RULES).run(100.0)
    world.link("primary", up=False, carrier=False)
    world.run(130.0)
    world.cut("primary")
    world.link("primary")
    world.run(200.0)
    world.mend("primary")
    world.run(300.0)
    down, dead = lived(world, RULES, 300.0).troubles_of(PRIMARY)
    assert (down.counts, dead.counts) == (False, True)
    assert dead.ends - dead.begins == pytest.approx(70.0, abs=3)


def test_unknown_rounds_are_nobodys_fault() -> None:
    world = World(RULES).run(100.0)
    world.silence("primary")
    world.run(160.0)
    world.silence("primary", False)
    world.run(200.0)
    account = lived(world, RULES, 200.0)
    (unknown,) = account.troubles
    assert unknown.kind is Kind.UNKNOWN
    assert unknown.seconds == pytest.approx(60.0, abs=2)
    assert account.without_service(PRIMARY) == 0
    assert account.watched(PRIMARY) == pytest.approx(200 - unknown.seconds)
    assert account.outages == ()


def test_what_is_unknown_in_the_middle_of_an_outage_does_not_count_either() -> None:
    world = World(RULES).run(100.0)
    world.silence("primary")
    world.run(150.0)
    world.silence("primary", False)
    world.cut("primary")
    world.run(200.0)
    world.silence("primary")
    world.run(230.0)
    world.silence("primary", False)
    world.run(260.0)
    world.mend("primary")
    world.run(400.0)
    found = _told(lived(world, RULES, 400.0).troubles_of(PRIMARY))
    assert [kind for kind, *_ in found] == [
        Kind.UNKNOWN,
        Kind.NO_SERVICE,
        Kind.UNKNOWN,
        Kind.NO_SERVICE,
    ]
    for (_, _, ends, _), (_, begins, _, _) in pairwise(found):
        assert ends == begins


def test_what_befalls_a_line_while_the_traffic_is_ordered_elsewhere_is_shown_apart() -> None:
    world = World(RULES).run(100.0)
    world.switch("secondary", seconds=200.0)
    world.run(150.0)
    world.outage("primary", 180.0)
    world.run(600.0)
    (trouble,) = lived(world, RULES, 600.0).troubles
    assert trouble.apart == "the traffic was ordered to secondary"
    assert not trouble.counts


def test_an_order_that_has_ended_explains_nothing() -> None:
    world = World(RULES).run(100.0)
    world.switch("secondary", seconds=50.0)
    world.run(300.0)
    world.outage("primary", 330.0)
    world.run(600.0)
    (trouble,) = lived(world, RULES, 600.0).troubles
    assert trouble.counts


def test_nobody_watches_between_two_runs_and_a_trouble_ends_with_its_run() -> None:
    lives = Lives()
    first = World(RULES).run(100.0)
    first.cut("primary")
    first.run(150.0)
    lives.add(first, RULES, ends=150.0)
    second = World(RULES).run(100.0)
    lives.add(second, RULES, ahead=NOON + 1000.0)
    account = lives.account(NOON + 1100.0)
    (gap,) = account.gaps
    assert (gap.begins - NOON, gap.ends - NOON) == (150.0, 1000.0)
    assert gap.reason == "the engine was stopped"
    (trouble,) = account.troubles
    assert trouble.ends == NOON + 150.0
    assert account.watched(PRIMARY) == pytest.approx(250.0)


def test_an_engine_that_was_killed_says_nothing_and_the_report_says_so() -> None:
    lives = Lives()
    lives.add(World(RULES).run(100.0), RULES)
    account = lives.account(NOON + 2000.0)
    (gap,) = account.gaps
    assert gap.reason == "the engine or the machine stopped without a word"
    assert gap.begins - NOON == pytest.approx(100.0, abs=1.5)
    assert gap.ends - NOON == 2000.0


def test_before_the_journal_nobody_watched() -> None:
    lives = Lives()
    lives.add(World(RULES).run(100.0), RULES)
    account = lives.account(NOON + 100.0, since=NOON - 1000.0)
    (gap,) = account.gaps
    assert gap.reason == "there is no journal of that time"
    assert account.watched(PRIMARY) == pytest.approx(100.0)


def test_without_a_since_it_begins_where_the_journal_does() -> None:
    lives = Lives()
    lives.add(World(RULES).run(100.0), RULES)
    account = lives.account(NOON + 100.0, since=None)
    assert (account.since, account.gaps) == (NOON, ())


def test_a_time_that_is_asked_for_cuts_what_it_does_not_hold() -> None:
    world, _ = _cut_once()
    lives = Lives()
    lives.add(world, RULES)
    account = lives.account(NOON + 400.0, since=NOON + 130.0)
    (trouble,) = account.troubles
    assert trouble.begins == NOON + 130.0
    assert account.outages == ()
    assert [move.decision.selected for move in account.moves] == ["primary"]


def test_a_trouble_that_lasts_says_so() -> None:
    world = World(RULES).run(100.0)
    world.cut("primary", "secondary")
    world.run(150.0)
    account = lived(world, RULES, 150.0)
    assert [trouble.lasting for trouble in account.troubles] == [True, True]
    assert account.outages[-1].lasting
    assert account.outages[-1].ends == NOON + 150.0


def test_nothing_at_all_is_an_account_too() -> None:
    account = Lives().account(NOON + 10.0)
    assert account.uplinks == ()
    assert [gap.reason for gap in account.gaps] == ["there is no journal of that time"]


def test_what_came_of_the_rounds_is_summed() -> None:
    _, account = _cut_once()
    sums = account.sums[PRIMARY, "internet"]
    assert sums.good + sums.failed == pytest.approx(400, abs=2)
    assert sums.unknown == 0
    assert sums.loss == pytest.approx(61 / 400, abs=0.01)
    assert sums.quantile(0.5) == pytest.approx(0.02, rel=0.05)


def test_an_uplink_is_watched_while_the_policy_has_it() -> None:
    """What came later, or has left, has no share in what was before or after."""
    world = World(RULES).run(100.0)
    world.outage("primary", 150.0)
    world.run(300.0)
    world.reload(policy(*RULES.uplinks, uplink("third", 2)))
    world.run(400.0)
    world.reload(RULES)
    world.run(500.0)
    world.outage("primary", 550.0)
    world.run(1000.0)
    account = lived(world, RULES, 1000.0)
    third = UplinkId("third", Family.IPV4)
    assert third in account.uplinks
    assert account.watched(third) == pytest.approx(100.0)
    assert account.watched(PRIMARY) == 1000.0
    for trouble in account.troubles_of(PRIMARY):
        assert list(account.meanwhile(trouble)) == [SECONDARY]


def test_of_an_outage_in_which_an_uplink_came_a_part_is_not_known() -> None:
    world = World(RULES).run(100.0)
    world.cut("primary")
    world.run(200.0)
    world.reload(policy(*RULES.uplinks, uplink("third", 2)))
    world.run(300.0)
    world.mend("primary")
    world.run(400.0)
    account = lived(world, RULES, 400.0)
    (trouble,) = account.troubles_of(PRIMARY)
    dead, unknown = account.meanwhile(trouble)[UplinkId("third", Family.IPV4)]
    assert dead == 0.0
    assert unknown == pytest.approx(NOON + 200.0 - trouble.begins)


def test_an_uplink_that_goes_on_by_another_name_is_active_by_that_name() -> None:
    swapped = policy(uplink("secondary", 0), uplink("primary", 1))
    other = policy(uplink("fibre", 0), uplink("lte", 1))
    world = World(RULES).run(100.0)
    world.reload(swapped)
    world.run(200.0)
    world.reload(other)
    world.run(400.0)
    account = lived(world, RULES, 400.0)
    assert [(a.uplink, round(a.ends - NOON)) for a in account.actives] == [
        ("primary", 100),
        ("secondary", 200),
        ("fibre", 400),
    ]


def test_an_uplink_is_active_while_somebody_watches() -> None:
    """Else the shares of all uplinks would be more than the whole."""
    world = World(RULES).run(300.0)
    lives = Lives()
    lives.add(world, RULES)
    before = [each for each in lives.entries if each.wall <= NOON + 100.0]
    after = [each for each in lives.entries if each.wall >= NOON + 200.0]
    lost = Lost(100.0, 1, "the disk was too slow")
    lives.entries = [*before, replace(before[-1], record=lost), *after]
    account = lives.account(NOON + 300.0)
    (gap,) = account.gaps
    assert gap.ends - gap.begins > 99.0
    assert account.active_seconds(PRIMARY) <= account.seconds - (gap.ends - gap.begins)
