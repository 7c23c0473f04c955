"""Damping whose figures a reload changes: what is counted from then on goes by the new ones."""

from dataclasses import replace
from math import inf

from route_switcher.core.health.damping import Penalty
from route_switcher.core.vocabulary.policy import Damping

TEN_MINUTES = Damping(half_life=600.0, suppress=3.0, reuse=1.0, max_hold=2400.0)


def test_the_new_limit_counts_after_a_reload() -> None:
    penalty = Penalty(TEN_MINUTES)
    penalty.restart(replace(TEN_MINUTES, suppress=1.5))
    penalty.add_failure(0.0)
    assert penalty.until == -inf
    penalty.add_failure(0.0)
    assert penalty.until == 600.0  # 2 falls to 1 in one half-life


def test_damping_that_a_reload_brings_or_ends_counts_from_then_on() -> None:
    penalty = Penalty(None)
    penalty.restart(replace(TEN_MINUTES, suppress=1.5))
    for _ in range(2):
        penalty.add_failure(0.0)
    assert penalty.until == 600.0
    penalty.restart(None)
    for _ in range(100):
        penalty.add_failure(0.0)
    assert penalty.until == -inf


def test_a_second_reload_with_the_same_figures_forgets_nothing() -> None:
    penalty = Penalty(TEN_MINUTES)
    changed = replace(TEN_MINUTES, suppress=1.5)
    penalty.restart(changed)
    for _ in range(2):
        penalty.add_failure(0.0)
    penalty.restart(changed)
    assert penalty.until == 600.0
