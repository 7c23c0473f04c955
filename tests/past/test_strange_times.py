"""Clocks that are set, machines that sleep, parts that are lost, policies that change."""

from dataclasses import replace

import pytest

from route_switcher.core.vocabulary.conditions import Beyond, ConsecutiveFailures, Measure
from route_switcher.core.vocabulary.events import LinkState, Round
from route_switcher.core.vocabulary.outputs import RuleChange
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.reading import Entry
from route_switcher.journal.records import Lost, Standing
from route_switcher.past.account import Account
from route_switcher.past.troubles import Kind
from support.lived import NOON, Lives, lived
from support.world import World, policy, uplink

PRIMARY = UplinkId("primary", Family.IPV4)
RULES = policy()


def _sound(account: Account) -> None:
    """Nothing takes less than no time, and nothing lies outside."""
    spans = [(t.begins, t.ends) for t in account.troubles]
    spans += [(o.begins, o.ends) for o in account.outages]
    spans += [(a.begins, a.ends) for a in account.actives]
    spans += [gap.span for gap in account.gaps]
    for begins, ends in spans:
        assert account.since <= begins <= ends <= account.until
    for its in account.uplinks:
        assert 0 <= account.watched(its) <= account.seconds
        assert account.availability(its) is None or 0 <= (account.availability(its) or 0) <= 1


def test_a_machine_that_slept_watched_nothing_meanwhile() -> None:
    there = World(RULES).run(100.0)
    there.cut("primary")
    there.run(150.0)
    lives = Lives()
    lives.add(there, RULES)
    # It sleeps for an hour at 120.0.
    lives.entries = [
        replace(e, wall=e.wall + 3600, ahead=e.ahead + 3600) if e.wall > NOON + 120 else e
        for e in lives.entries
    ]
    account = lives.account(NOON + 3750.0)
    _sound(account)
    (gap,) = account.gaps
    assert gap.reason == "the machine slept"
    assert gap.ends - gap.begins == pytest.approx(3600, abs=2)
    before, after = account.troubles_of(PRIMARY)
    assert before.ends <= gap.begins + 1
    assert after.begins >= gap.ends - 1


def test_a_clock_that_is_earlier_in_the_next_run_makes_no_negative_times() -> None:
    lives = Lives()
    for ahead in (NOON, NOON - 500.0, NOON + 300):
        there = World(RULES).run(100.0)
        there.cut("primary")
        there.run(200.0)
        lives.add(there, RULES, ahead=ahead)
    account = lives.account(NOON + 600.0, since=NOON - 600.0)
    _sound(account)


def test_a_file_that_begins_in_the_middle_of_a_run_says_what_stood_then() -> None:
    there = World(RULES).run(100.0)
    there.cut("primary")
    there.run(200.0)
    there.mend("primary")
    there.run(300.0)
    lives = Lives()
    lives.add(there, RULES)
    digest = "policy 0"
    states = (((PRIMARY, "no-internet", RuleState.FAILED)),)
    links = tuple(LinkState(name) for name in ("eth0", "eth1"))
    active = ((Family.IPV4, "secondary"),)
    standing = Standing(150.0, "1", "b", 0.0, digest, links, (), (), (), active, states)
    lives.entries = [
        Entry(NOON + 150.0, 1, standing, NOON),
        *(entry for entry in lives.entries if entry.wall >= NOON + 150.0),
    ]
    account = lives.account(NOON + 300.0, since=None)
    _sound(account)
    (trouble,) = account.troubles_of(PRIMARY)
    assert trouble.kind is Kind.NO_SERVICE
    assert trouble.ends - NOON == pytest.approx(201.0, abs=1.1)
    assert account.actives[0].uplink == "secondary"
    assert account.outages == ()


def test_what_is_lost_of_a_journal_is_a_gap() -> None:
    there = World(RULES).run(100.0)
    lives = Lives()
    lives.add(there, RULES)
    lives.entries = [e for e in lives.entries if not NOON + 20 < e.wall < NOON + 60]
    place = next(n for n, e in enumerate(lives.entries) if e.wall >= NOON + 60)
    lost = Lost(20.0, 80, "the disk was full")
    lives.entries.insert(place, Entry(NOON + 20.0, 1, lost, NOON))
    account = lives.account(NOON + 100.0)
    (gap,) = account.gaps
    assert gap.reason == "a part of the journal is missing: the disk was full"
    assert gap.ends - gap.begins == pytest.approx(40.0, abs=1.2)


def test_each_family_has_its_own_troubles_and_outages() -> None:
    rules = policy(
        uplink("primary", 0),
        uplink("secondary", 1),
        uplink("primary", 0, version=6),
        uplink("secondary", 1, version=6),
    )
    there = World(rules).run(100.0)
    there.outage("primary", 130.0)
    there.run(300.0)
    account = lived(there, rules, 300.0)
    _sound(account)
    assert {t.uplink.family for t in account.troubles} == set(Family)
    assert [o.family for o in account.outages] == [Family.IPV4, Family.IPV6]
    assert account.label(PRIMARY) == "primary (IPv4)"


def test_an_uplink_that_leaves_the_policy_is_told_of_until_then() -> None:
    there = World(RULES).run(100.0)
    there.cut("primary")
    there.run(150.0)
    smaller = policy(uplink("secondary", 1), uplink("third", 2))
    there.reload(smaller)
    there.run(300.0)
    account = lived(there, RULES, 300.0)
    _sound(account)
    (trouble,) = account.troubles_of(PRIMARY)
    assert trouble.ends == NOON + 150.0
    assert [its.name for its in account.uplinks] == ["secondary", "third", "primary"]


def test_a_rule_that_leaves_the_policy_ends_its_trouble() -> None:
    rules = policy()
    lossy = Rule("brown-out", Beyond(Measure.LOSS, "internet", 0.2, 10.0), Recover(5.0))
    with_loss = replace(rules, rules=(lossy, *rules.rules))
    there = World(with_loss).run(100.0)
    for _ in range(20):
        there.run(there.now + 2)
        there.outage("primary", there.now + 1)
    there.reload(rules)
    there.run(there.now + 100)
    account = lived(there, with_loss, there.now)
    _sound(account)
    kinds = [t.kind for t in account.troubles_of(PRIMARY)]
    assert Kind.POOR in kinds
    assert not account.troubles[-1].lasting


def test_losses_are_poor_and_no_time_without_service() -> None:
    rules = policy()
    lossy = Rule("brown-out", Beyond(Measure.LOSS, "internet", 0.2, 10.0), Recover(5.0))
    rules = replace(rules, rules=(lossy, *rules.rules))
    there = World(rules).run(100.0)
    for _ in range(20):
        there.run(there.now + 2)
        there.outage("primary", there.now + 1)
    there.run(there.now + 100)
    account = lived(there, rules, there.now)
    (poor,) = account.troubles_of(PRIMARY)
    assert poor.kind is Kind.POOR
    assert "brown-out" in poor.reason
    assert account.without_service(PRIMARY) == 0
    assert account.outages == ()


def test_one_probe_that_fails_beside_one_that_answers_is_poor() -> None:
    its, lives = PRIMARY, Lives()
    rules = policy()
    (probe,) = rules.probes
    office = replace(probe, name="office")
    rule = Rule("no-office", ConsecutiveFailures("office", 2), Recover(5.0))
    rules = replace(rules, probes=(probe, office), rules=(*rules.rules, rule))
    lives.add(World(rules).run(10.0), rules)
    for at in range(11, 100):
        for name, good in (("internet", True), ("office", not 30 <= at < 60)):
            outcome = RoundOutcome.GOOD if good else RoundOutcome.FAILED
            told = Round(at + 0.1, its, name, float(at), outcome)
            lives.entries.append(Entry(NOON + told.at, 1, told, NOON))
            changes = {31: RuleState.FAILED, 60: RuleState.RECOVERING}
            if name == "office" and at in changes:
                change = RuleChange(told.at, its, "no-office", RuleState.OK, changes[at], "office")
                lives.entries.append(Entry(NOON + told.at, 1, change, NOON))
    (trouble,) = lives.account(NOON + 100.0).troubles_of(its)
    assert trouble.kind is Kind.POOR
    assert [seen.probe for seen in trouble.seen_by] == ["office"]


def test_what_failed_in_a_part_that_is_lost_is_found_by_its_rounds() -> None:
    there = World(RULES).run(100.0)
    there.outage("primary", 200.0)
    there.run(300.0)
    lives = Lives()
    lives.add(there, RULES)
    lives.entries = [e for e in lives.entries if not NOON + 90 < e.wall < NOON + 130]
    place = next(n for n, e in enumerate(lives.entries) if e.wall >= NOON + 130)
    lives.entries.insert(place, Entry(NOON + 90.0, 1, Lost(90.0, 80, "the disk was full"), NOON))
    account = lives.account(NOON + 300.0)
    _sound(account)
    (trouble,) = account.troubles_of(PRIMARY)
    assert trouble.begins - NOON == pytest.approx(130.0, abs=2)
    assert trouble.ends - NOON == pytest.approx(201.0, abs=2)
