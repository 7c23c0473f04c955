"""Random policies, and what becomes of them in the virtual world: figures agree or are bounds.

`make figures` does it for 200 of them.
"""

from random import Random
from statistics import fmean, stdev

from route_switcher.analysis.figures.policy_figures import RuleFigures, slowest
from route_switcher.analysis.monitoring import Fault, Times
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import Probe
from support.watching import Watcher, policy, probe, rule

PHASES = 17
_HELD = [0.0, 0.0, 0.0, 2.0, 7.3, 15.0]
_OVER = [15.0, 30.0, 60.0]


class Drawn:
    """A policy that is drawn from a seed: one or two probes, one or two rules, nested at most
    twice."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._names = ["internet", "office"][: self._random.choice([1, 2])]
        probes = [self._probe(name, 1 + 8 * n) for n, name in enumerate(self._names)]
        rules = [self._rule("watched"), self._rule("other")][: self._random.choice([1, 1, 2])]
        self.policy: Policy = policy(tuple(rules), *probes)

    def _probe(self, name: str, first: int) -> Probe:
        choice = self._random.choice
        interval = choice([0.5, 1.0, 2.0, 5.0])
        fast = interval * choice([1, 1, 0.5, 0.25])
        return probe(
            name,
            interval,
            fast=fast,
            timeout=fast * choice([1, 0.5, 0.2]),
            down=interval * choice([1, 1, 2, 5, 10]),
            targets=choice([1, 2, 3]),
            quorum=choice(["any", "all"]),
            first=first,
        )

    def _rule(self, name: str) -> Rule:
        choice = self._random.choice
        recover = self._tree(self._recover_leaf) if choice([True, False]) else None
        return rule(self._tree(self._fail_leaf), choice([0.0, 5.0, 20.0, 60.0]), recover, name)

    def _tree(self, leaf: object, depth: int = 0) -> Condition:
        assert callable(leaf)
        choice = self._random.choice
        if depth < 2 and self._random.random() < 0.35:
            parts = (self._tree(leaf, depth + 1), self._tree(leaf, depth + 1))
            return AnyOf(parts, choice(_HELD)) if choice([True, False]) else AllOf(parts)
        found: Condition = leaf()
        return found

    def _fail_leaf(self) -> Condition:
        choice = self._random.choice
        name, held = choice(self._names), choice(_HELD)
        if choice([True, False]):
            return ConsecutiveFailures(name, choice([1, 2, 3, 6]), held)
        return Beyond(Measure.LOSS, name, choice([0.1, 0.2, 0.5]), choice(_OVER), held)

    def _recover_leaf(self) -> Condition:
        choice = self._random.choice
        name, held = choice(self._names), choice(_HELD)
        if choice([True, False]):
            return ConsecutiveSuccesses(name, choice([1, 5, 20]), held)
        return Within(Measure.LOSS, name, choice([0.02, 0.1]), choice(_OVER), held)


def seen(the_policy: Policy) -> tuple[list[float], list[float]]:
    """The times to fail and to return of the rule `watched`, over phases that are spread evenly."""
    slowest_interval = max(p.interval for p in the_policy.probes)
    slowest_down = max(p.down_interval for p in the_policy.probes)
    pairs = [
        Watcher(the_policy).seen(
            Fault.SILENT,
            150 + slowest_interval * (n % 4 + (n + 0.5) / PHASES),
            150 + slowest_down * (n % 3 + (5 * n % PHASES + 0.5) / PHASES),
        )
        for n in range(PHASES)
    ]
    return [fails for fails, _ in pairs], [returns for _, returns in pairs]


def test_figures_agree_with_the_virtual_world_or_are_bounds(seed: int) -> None:
    the_policy = Drawn(seed).policy
    figures = slowest(the_policy, the_policy.rules[0], Fault.SILENT)
    if figures is None:
        return  # two probes' rounds at once, or a limit that no outage exceeds
    fails, returns = seen(the_policy)
    check(figures, figures.fails, fails)
    check(figures, figures.returns, returns)


def check(figures: RuleFigures, times: Times, values: list[float]) -> None:
    assert max(values) <= times.worst + 1e-5, figures
    mean = fmean(values)
    # What an even spread of so few phases leaves to chance.
    doubt = 2 * stdev(values) / PHASES**0.5
    if times.bound:
        assert mean <= times.typical
    else:
        assert abs(mean - times.typical) <= 0.05 * mean + doubt, figures
