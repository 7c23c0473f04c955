"""Whom a probe asks: by name, in a family or in each."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.core.probing.assignment import meaning
from route_switcher.core.vocabulary.events import Answer, by_target
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from support.pinging import pinging, target

V4, V6 = target("203.0.113.1"), target("2001:db8::1")
NAMED = Target("www.example.net")
PROBE = pinging("internet", V6, NAMED, V4)


@pytest.mark.parametrize(
    ("family", "asked"), [(Family.IPV4, (NAMED, V4)), (Family.IPV6, (V6, NAMED))]
)
def test_a_target_is_asked_in_its_own_family_and_one_without_in_each(
    family: Family, asked: tuple[Target, ...]
) -> None:
    assert PROBE.targets_for(family) == asked


def test_an_address_has_one_name_however_it_is_written() -> None:
    assert Target.at(ip_address("2001:DB8:0::1")) == V6
    assert str(V6) == "2001:db8::1"


def test_a_name_in_one_family_is_not_the_same_target_as_in_another() -> None:
    in_each = {Target("www.example.net", family) for family in (None, *Family)}
    assert len(in_each) == 3


def test_the_order_of_targets_changes_nothing_of_what_a_probe_means() -> None:
    turned = replace(PROBE, targets=PROBE.targets[::-1])
    for family in Family:
        assert meaning(turned, family) == meaning(PROBE, family)


def test_an_answer_is_of_an_equal_target_as_of_the_same_one() -> None:
    """A reload makes new targets, while rounds of the old ones go on."""
    answers = [Answer(Target(V4.name, V4.family), 0.02), Answer(V6, 0.02)]
    assert list(by_target((V6, V4), answers)) == [(1, answers[0]), (0, answers[1])]
