"""Which rules and conditions of a policy no scenario has made fire, or recover.

A second engine hears what the first one is told. In its policy every condition within an any or
all is a rule of its own, so it tells when each of them holds; nothing follows from what it decides.
It costs as much as the first, so it knows only conditions that have not held yet, and there is none
once all have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition
from route_switcher.core.vocabulary.events import Event, Reload, Start
from route_switcher.core.vocabulary.outputs import Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.policy.load import Loaded
from route_switcher.policy.problems import Problem, Severity
from route_switcher.policy.sections.rules import place_of_rule
from route_switcher.policy.yaml.reader import Path


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A condition within the fail condition of a rule."""

    rule: Rule
    path: Path
    condition: Condition


@dataclass(slots=True)
class Coverage:
    """What the scenarios of one policy have reached; `begin` before each of them."""

    loaded: Loaded
    failed: set[tuple[str, str]] = field(default_factory=set)
    """Rule and uplink."""
    recovered: set[tuple[str, str]] = field(default_factory=set)
    held: set[tuple[Path, str]] = field(default_factory=set)
    """The path of a condition, and the uplink."""
    _leaves: dict[str, _Leaf] = field(init=False)
    _split: Policy | None = field(init=False)
    """The policy of the second engine."""
    _shadow: Engine | None = field(init=False)
    _heard: bool = False
    _failed_now: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        document = self.loaded.document
        places = [(rule, place_of_rule(document, rule.name)) for rule in self._rules]
        leaves = [leaf for rule, place in places for leaf in _leaves(rule, place)]
        self._leaves = {f"condition {number}": leaf for number, leaf in enumerate(leaves)}
        self.begin()

    def begin(self) -> None:
        """Another scenario begins."""
        places = ((leaf.path, uplink) for leaf, uplink in self._conditions())
        left = {path for path, uplink in places if (path, uplink) not in self.held}
        rules = tuple(
            Rule(name, leaf.condition, Recover(0.0), leaf.rule.uplinks)
            for name, leaf in self._leaves.items()
            if leaf.path in left
        )
        self._split = replace(self.loaded.policy, rules=rules) if rules else None
        self._shadow = None
        self._heard = False
        self._failed_now = set()

    def overhear(self, event: Event) -> None:
        """Take what the engine is told."""
        if isinstance(event, Start | Reload):
            # What another policy does says nothing of this one.
            self._heard = isinstance(event, Start) or event.policy is self.loaded.policy
            if self._split is None:
                return
            if isinstance(event, Start):
                self._shadow = Engine(self._split)
            else:
                event = replace(event, policy=self._split)
        if self._shadow is None:
            return
        for output in self._shadow.handle(event):
            if isinstance(output, RuleChange) and output.after is RuleState.FAILED and self._heard:
                leaf = self._leaves.get(output.rule)
                if leaf is not None:
                    self.held.add((leaf.path, output.uplink.name))

    def watch(self, output: Output) -> None:
        """Take what the engine says."""
        if not isinstance(output, RuleChange) or not self._heard:
            return
        place = output.rule, output.uplink.name
        if output.after is RuleState.FAILED:
            self.failed.add(place)
            self._failed_now.add(place)
        elif output.after is RuleState.OK and place in self._failed_now:
            self.recovered.add(place)

    @property
    def total(self) -> int:
        """How much there is to reach: each rule's failure and recovery, and each condition."""
        return 2 * len(self._places()) + sum(1 for _ in self._conditions())

    @property
    def missing(self) -> int:
        """How much of it was not reached."""
        places = self._places()
        conditions = sum((leaf.path, u) not in self.held for leaf, u in self._conditions())
        unfailed = sum(place not in self.failed for place in places)
        return unfailed + sum(place not in self.recovered for place in places) + conditions

    def notes(self) -> list[Problem]:
        """What was not reached, each with its place in the policy."""
        return [*self._of_rules(), *self._of_conditions()]

    @property
    def _rules(self) -> Sequence[Rule]:
        """Those that are written; where none is, those that stand for them."""
        written = ("rules",) in self.loaded.document.keys
        return self.loaded.policy.rules if written else self.loaded.policy.every_rule

    def _places(self) -> list[tuple[str, str]]:
        policy = self.loaded.policy
        return [
            (rule.name, uplink)
            for rule in self._rules
            for uplink in policy.names
            if rule.judges(uplink)
        ]

    def _conditions(self) -> Iterator[tuple[_Leaf, str]]:
        for leaf in self._leaves.values():
            for uplink in self.loaded.policy.names:
                if leaf.rule.judges(uplink):
                    yield leaf, uplink

    def _of_rules(self) -> Iterator[Problem]:
        for rule in self._rules:
            place = place_of_rule(self.loaded.document, rule.name)
            uplinks = [uplink for name, uplink in self._places() if name == rule.name]
            unfailed = [u for u in uplinks if (rule.name, u) not in self.failed]
            if unfailed:
                path: Path = (*place, "fail")
                yield self._note(f"no scenario makes rule {rule.name} fail {_all(unfailed)}", path)
            reached = [u for u in uplinks if u not in unfailed]
            left = [u for u in reached if (rule.name, u) not in self.recovered]
            if left:
                path = (*place, "recover")
                yield self._note(f"no scenario lets rule {rule.name} recover {_all(left)}", path)

    def _of_conditions(self) -> Iterator[Problem]:
        for leaf in self._leaves.values():
            left = [
                uplink
                for of, uplink in self._conditions()
                if of is leaf
                and (leaf.rule.name, uplink) in self.failed
                and (leaf.path, uplink) not in self.held
            ]
            if left:
                message = f"in no scenario does this condition of rule {leaf.rule.name} hold for"
                yield self._note(f"{message} {_all(left)}", leaf.path)

    def _note(self, message: str, path: Path) -> Problem:
        spans = self.loaded.document.values
        while path and path not in spans:
            path = path[:-1]
        span = spans[path] if path else None
        return Problem("not-covered", message, span=span, severity=Severity.NOTE)


def _leaves(rule: Rule, place: Path) -> Iterator[_Leaf]:
    if isinstance(rule.fail, AnyOf | AllOf):
        for condition, path in _within(rule.fail, (*place, "fail")):
            yield _Leaf(rule, path, condition)


def _within(condition: Condition, path: Path) -> Iterator[tuple[Condition, Path]]:
    if not isinstance(condition, AnyOf | AllOf):
        yield condition, path
        return
    key = "any" if isinstance(condition, AnyOf) else "all"
    for number, part in enumerate(condition.conditions):
        yield from _within(part, (*path, key, number))


def _all(names: Sequence[str]) -> str:
    return " and ".join(names)
