"""Whether what a scenario expects is so, and what is seen instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.scenarios.hook_claims import (
    HooksAre,
    describe_claims,
    describe_moment,
    unexpected,
)
from route_switcher.scenarios.names import NONE
from route_switcher.scenarios.reasons import reason_word
from route_switcher.scenarios.scenario import (
    DAMPED,
    ActiveIs,
    Assertion,
    Expectation,
    ReasonIs,
    RuleIs,
    SwitchesAre,
    UplinkIs,
)
from route_switcher.text.durations import clock, format_duration
from route_switcher.virtual.world import World

MOMENT = 1e-5
"""Seconds by which an expectation looks late, so that the rounding of times decides nothing."""


@dataclass(slots=True)
class Decisions:
    """Every decision so far, and all that hooks were told."""

    made: list[Decision] = field(default_factory=list)
    told: list[Moment] = field(default_factory=list)

    def active(self, family: Family, at: float) -> str | None:
        """What was active then."""
        selected = [d.selected for d in self.made if d.family is family and d.at <= at]
        return selected[-1] if selected else None

    def switches(self, since: float, until: float) -> list[float]:
        """When the active uplink changed after `since`, up to `until`."""
        return [d.at for d in self.made if d.previous is not None and since < d.at <= until]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What is seen instead of what is claimed, and since when at the latest (seconds)."""

    seen: str
    at: float


class Checker:
    """Compares claims with a world as it is now, and with the decisions so far.

    `families` are those of each uplink that any policy of the scenario names. What is claimed of
    an uplink is claimed of it in every family that it has, and that has had a next hop.
    """

    def __init__(
        self, world: World, decisions: Decisions, families: Mapping[str, Sequence[Family]]
    ) -> None:
        self._world = world
        self._decisions = decisions
        self._families = families

    def check(self, assertion: Assertion, expectation: Expectation) -> Mismatch | None:
        """What is seen instead of what is claimed; None if it is as claimed."""
        until = expectation.until / 1e9 + MOMENT
        since = None if expectation.since is None else expectation.since / 1e9 + MOMENT
        match assertion:
            case ActiveIs():
                return self._mismatch_of_active(
                    assertion.uplink, until if since is None else since, until
                )
            case SwitchesAre():
                made = self._decisions.switches(-1.0 if since is None else since, until)
                if len(made) == assertion.count:
                    return None
                one_too_many = since is not None and len(made) > assertion.count
                at = made[assertion.count] if one_too_many else until
                return Mismatch(f"there were {_counted(len(made))}", at)
            case HooksAre():
                return self._mismatch_of_hooks(assertion, since, until)
            case ReasonIs() | RuleIs() | UplinkIs():
                seen = self._mismatch_now(assertion)
                return None if seen is None else Mismatch(seen, until)

    def _mismatch_of_hooks(
        self, assertion: HooksAre, since: float | None, until: float
    ) -> Mismatch | None:
        began = -1.0 if since is None else since
        told = [moment for moment in self._decisions.told if began < moment.at <= until]
        seen = unexpected(assertion.hooks, told, all_of_them=since is not None)
        if isinstance(seen, Moment):
            return Mismatch(f"{describe_moment(seen)} was due", seen.at)
        return Mismatch(seen, until) if seen else None

    def _mismatch_now(self, assertion: ReasonIs | RuleIs | UplinkIs) -> str | None:
        match assertion:
            case ReasonIs():
                return self._mismatch_of_reason(assertion.reason)
            case RuleIs():
                return self._mismatch_of_rule(assertion)
            case UplinkIs():
                return self._mismatch_of_uplink(assertion)

    def _mismatch_of_active(self, name: str, since: float, until: float) -> Mismatch | None:
        if name == NONE and NONE not in self._families:
            families = self._world.policy.families
            active = [a for f in families if (a := self._decisions.active(f, until)) is not None]
            if not active:
                return None
            return Mismatch(f"{' and '.join(active)} is", max(since, self._decisions.made[0].at))
        dormant = {uplink.family for uplink in self._dormant(name)}
        there = [family for family in self._families[name] if family not in dormant]
        found = (self._mismatch_within(f, name, since, until) for f in there)
        return next((mismatch for mismatch in found if mismatch is not None), None)

    def _mismatch_within(
        self, family: Family, name: str, since: float, until: float
    ) -> Mismatch | None:
        moves = [d for d in self._decisions.made if d.family is family and since < d.at <= until]
        before = self._decisions.active(family, since)
        if before != name:
            at = "" if since == until else f" at {clock(since)}"
            return Mismatch(f"{before or 'no uplink'} is{at}", since)
        away = next((d for d in moves if d.selected != name), None)
        return (
            None if away is None else Mismatch(f"{away.selected} is at {clock(away.at)}", away.at)
        )

    def _mismatch_of_reason(self, reason: str) -> str | None:
        if not self._decisions.made:
            return "nothing has been selected yet"
        latest = self._decisions.made[-1]
        cause = reason_word(latest.cause)
        if reason == cause or reason in latest.rules:
            return None
        rules = f" (rule {', '.join(latest.rules)})" if latest.rules else ""
        return f"it was {cause}{rules}, at {clock(latest.at)}"

    def _dormant(self, name: str) -> list[Uplink]:
        """Of the uplinks of this name, those that nobody waits for."""
        status = self._world.status()
        named = self._world.policy.named(name)
        dormant = [uplink for uplink in named if status.health(uplink.id).dormant]
        return dormant if len(dormant) < len(named) else []

    def _named(self, name: str) -> list[Uplink]:
        dormant = self._dormant(name)
        return [uplink for uplink in self._world.policy.named(name) if uplink not in dormant]

    def _mismatch_of_rule(self, assertion: RuleIs) -> str | None:
        uplinks = self._named(assertion.uplink)
        if not uplinks:
            return f"there is no uplink {assertion.uplink} then"
        status = self._world.status()
        for uplink in uplinks:
            states = {rule.name: rule.state for rule in status.health(uplink.id).rules}
            if assertion.rule not in states:
                return f"there is no rule {assertion.rule} then"
            state = states[assertion.rule].value
            if state != assertion.state.value:
                return f"{_it(uplink, uplinks)} is {state}"
        return None

    def _mismatch_of_uplink(self, assertion: UplinkIs) -> str | None:
        uplinks = self._named(assertion.uplink)
        if not uplinks:
            return "it is not in the policy then"
        status = self._world.status()
        for uplink in uplinks:
            health = status.health(uplink.id)
            damped = health.damped_until > self._world.now
            state = DAMPED if health.state is UplinkState.HEALTHY and damped else health.state.value
            if state != _state_word(assertion):
                return f"{_it(uplink, uplinks)} is {state}"
        return None


def _it(uplink: Uplink, uplinks: Sequence[Uplink]) -> str:
    """What is said of one of the `uplinks` of a name."""
    return "it" if len(uplinks) == 1 else f"its {uplink.family}"


def expected(assertion: Assertion) -> str:
    """What is claimed, in words."""
    match assertion:
        case ActiveIs(uplink=uplink):
            return f"{uplink} to be active"
        case SwitchesAre(count=count):
            return _counted(count)
        case HooksAre(hooks=hooks):
            return describe_claims(hooks)
        case ReasonIs(reason=reason):
            return f"the latest selection to be for {reason}"
        case RuleIs():
            return f"rule {assertion.rule} to be {assertion.state.value} for {assertion.uplink}"
        case UplinkIs():
            return f"{assertion.uplink} to be {_state_word(assertion)}"


def _state_word(assertion: UplinkIs) -> str:
    return DAMPED if assertion.state is None else assertion.state.value


def _counted(switches: int) -> str:
    return "1 switch" if switches == 1 else f"{switches} switches"


def when(expectation: Expectation) -> str:
    """Of what time an expectation speaks, in words."""
    until = format_duration(expectation.until / 1e9)
    if expectation.since is None:
        return f"at {until}"
    return f"from {format_duration(expectation.since / 1e9)} to {until}"
