"""Changing the list of rules, by the kernel's laws, from whatever stands there."""

from dataclasses import replace
from ipaddress import ip_network

from hypothesis import example, given
from hypothesis import strategies as st

from route_switcher.core.routing.rule_list import (
    DELETIONS,
    UNUSED_MARK,
    bridge,
    leads_all,
    leaves_defaults_out,
    most_deletions,
    rule_changes,
)
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import PREFERENCE, RoutingRule, deleted
from route_switcher.core.vocabulary.routes import Change
from route_switcher.core.vocabulary.uplinks import Family

V4 = Family.IPV4
A, B = ip_network("198.51.100.2/32"), ip_network("198.51.100.130/32")


def rule(table: int, **parts: object) -> RoutingRule:
    return replace(RoutingRule(V4, PREFERENCE, table), **parts)  # type: ignore[arg-type]


MAIN = rule(MAIN_TABLE, mark=UNUSED_MARK, inverted=True, suppress_prefixlength=0)
PROBES = (rule(116, out_interface="eth0"), rule(117, out_interface="eth1"))
ANSWERS = (rule(116, source=A), rule(117, source=B))
TRAFFIC = rule(115)
WHOLE = (MAIN, *PROBES, *ANSWERS, TRAFFIC)

LISTS = (
    (),
    (MAIN, *PROBES, *ANSWERS),
    WHOLE,
    (MAIN, *PROBES, TRAFFIC),
    (MAIN, *reversed(PROBES), ANSWERS[1], TRAFFIC),
    (MAIN, rule(201, out_interface="eth0"), rule(201, source=A), rule(200)),
)

STRANGE = (
    rule(115, uids=(5, 5)),
    rule(116),
    rule(MAIN_TABLE),
    replace(MAIN, inverted=False),
    bridge(TRAFFIC),
    bridge(rule(200)),
    rule(115, preference=100),
    rule(116, preference=32000, out_interface="eth0"),
    rule(300, preference=32766),
    rule(115, unknown=True, out_interface="eth9"),
    rule(117, unknown=True, out_interface="eth1", ip_protocol=6),
)
FOREIGN = (
    rule(115, protocol=0),
    replace(MAIN, protocol=0),
    replace(PROBES[0], protocol=99),
    rule(51820, protocol=0, preference=PREFERENCE - 1, mark=0xCA6C, inverted=True),
    rule(52, protocol=0, preference=5270),
)
ANY = tuple(dict.fromkeys((*WHOLE, *LISTS[-1], *STRANGE, *FOREIGN)))


class Rules:
    """The rules of a family, by the kernel's laws."""

    def __init__(self, there: tuple[RoutingRule, ...]) -> None:
        self.list: list[RoutingRule] = []
        for each in there:
            self.add(each)

    def add(self, new: RoutingRule) -> None:
        assert new not in self.list, "EEXIST"
        behind = sum(each.preference <= new.preference for each in self.list)
        self.list.insert(behind, new)
        self.list.sort(key=lambda each: each.preference)

    def delete(self, wanted: RoutingRule) -> None:
        gone = deleted(wanted, self.list)
        assert gone == wanted, "another rule goes"
        assert gone.unknown == wanted.unknown, "another rule goes"
        self.list = [each for each in self.list if each is not gone]

    @property
    def ours(self) -> list[RoutingRule]:
        return [each for each in self.list if each.ours]

    @property
    def astray(self) -> set[RoutingRule]:
        """What leads all traffic without the rule about main before it."""
        found, main = set(), False
        for each in self.ours:
            main = main or leaves_defaults_out(each)
            if leads_all(each) and not main:
                found.add(each)
        return found

    @property
    def leads(self) -> bool:
        return any(leads_all(each) for each in self.ours)


@given(st.sampled_from(LISTS), st.lists(st.sampled_from(ANY), unique=True, max_size=12))
@example(WHOLE, [PROBES[0], TRAFFIC, MAIN])
@example(WHOLE, [MAIN, bridge(TRAFFIC), PROBES[0], TRAFFIC])
@example(WHOLE, [MAIN, PROBES[0], rule(116)])
@example((), list(WHOLE))
def test_any_list_becomes_the_desired_one(
    desired: tuple[RoutingRule, ...], there: list[RoutingRule]
) -> None:
    rules = Rules(tuple(there))
    foreign = [each for each in rules.list if not each.ours]
    known = set(there) <= {*WHOLE, *LISTS[-1], *FOREIGN, bridge(TRAFFIC), bridge(rule(200))}
    led = known and rules.leads and not rules.astray and rules.ours[:1] == list(desired[:1])
    for action in rule_changes(desired, rules.list):
        astray = rules.astray
        (rules.add if action.change is Change.ADD else rules.delete)(action.rule)
        assert rules.astray <= astray
        if astray and action.change is Change.ADD:
            assert action.rule == bridge(desired[-1]), "first what is astray goes"
        if led and desired and leads_all(desired[-1]):
            assert rules.leads, f"traffic has lost its way after: {action}"
    assert [each for each in rules.list if not each.ours] == foreign
    assert rules.ours == list(desired)
    assert rule_changes(desired, rules.list) == ()


def test_nothing_changes_where_all_is_right() -> None:
    assert rule_changes(WHOLE, [FOREIGN[3], *WHOLE]) == ()


def test_an_address_that_comes_keeps_what_stands_before_it() -> None:
    new = rule(117, source=ip_network("198.51.100.131/32"))
    desired = (*WHOLE[:-1], new, TRAFFIC)
    assert [(a.change.value, a.rule) for a in rule_changes(desired, WHOLE)] == [
        ("add", bridge(TRAFFIC)),
        ("delete", TRAFFIC),
        ("add", new),
        ("add", TRAFFIC),
        ("delete", bridge(TRAFFIC)),
    ]


def test_a_lost_rule_about_main_comes_back_first() -> None:
    lost = WHOLE[1:]
    first, *others = rule_changes(WHOLE, lost)
    assert (first.change, first.rule) == (Change.DELETE, TRAFFIC)
    added = [a.rule for a in others if a.change is Change.ADD]
    assert added == list(WHOLE)


def test_all_goes_from_the_last_to_the_first() -> None:
    assert [a.rule for a in rule_changes((), WHOLE)] == list(reversed(WHOLE))


def test_hundreds_of_rules_go_a_few_at_a_time_and_fewer_the_more_there_are() -> None:
    """Somebody adds rules with our protocol number. Those of the policy stay meanwhile."""
    strays = tuple(rule(400, source=ip_network(f"10.1.{n // 250}.{n % 250}")) for n in range(500))
    there = (*WHOLE, *strays)
    while actions := rule_changes(WHOLE, there):
        gone = [action.rule for action in actions if action.change is Change.DELETE]
        assert gone == [action.rule for action in actions]
        assert 0 < len(gone) <= DELETIONS
        assert len(gone) * len(there) <= 4096
        there = there[: -len(gone)]
    assert there == WHOLE


def test_a_few_go_however_many_there_are() -> None:
    assert [most_deletions(count) for count in (0, 256, 2000, 100_000)] == [16, 16, 2, 2]


def test_rules_before_those_of_the_policy_go_a_few_at_a_time() -> None:
    strays = tuple(rule(400, source=ip_network(f"10.1.0.{n}")) for n in range(100))
    table = Rules(strays)
    for _ in range(100 // DELETIONS + 1):
        for action in rule_changes(WHOLE, tuple(table.list)):
            (table.add if action.change is Change.ADD else table.delete)(action.rule)
    assert tuple(table.list) == WHOLE
