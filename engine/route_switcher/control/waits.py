"""What an uplink waits for before traffic may go through it again, in words and figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.link_troubles import describe_link
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.status import RuleStatus, UplinkStatus
from route_switcher.text.durations import span


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that is waited for. `kind` tells programs what it is; `text` tells people."""

    kind: str
    text: str
    rule: str | None = None
    covered: float | None = None
    """Seconds of `needed` that good rounds have covered."""
    needed: float | None = None
    restarted: float = -inf
    """When the stable time began again."""
    until: float = inf
    """When the wait ends by itself; inf: nobody knows."""


def waits_of(uplink: UplinkStatus, clock: WallClock) -> Iterator[Wait]:
    """What it waits for, the most important first; nothing, if it is healthy and fit."""
    health = uplink.health
    if not health.link.connected:
        yield Wait("link", describe_link(health.link))
    elif health.absent or not health.routable:
        why = health.absent or uplink.unfit or "the kernel can hold no route of it"
        yield Wait("next-hop", why)
    for refused in uplink.refused:
        left = clock.left(refused.again_at)
        again = "" if left is None else f"; asked for again in {span(left)}"
        text = f"the kernel refused {refused.route}: {refused.reason}{again}"
        yield Wait("route", text, until=refused.again_at)
    for rule in health.rules:
        if rule.state in (RuleState.FAILED, RuleState.RECOVERING):
            yield _recovery(rule, clock)
    if uplink.other_family:
        text = f"its families move together, and {uplink.other_family}"
        yield Wait("other-family", text)
    if health.damped_until > -inf:
        left = clock.left(health.damped_until)
        text = "it failed too often: not returned to by choice" + _for_more(left)
        yield Wait("damping", text, until=health.damped_until)
    if uplink.proving_until > -inf:
        text = "it had no route: not moved to by choice" + _for_more(
            clock.left(uplink.proving_until)
        )
        yield Wait("proving", text, until=uplink.proving_until)


def _recovery(rule: RuleStatus, clock: WallClock) -> Wait:
    condition = f", now {rule.recover}" if rule.recover else ""
    if rule.state is RuleState.FAILED:
        text = f"rule {rule.name}: a good round, then good rounds for {span(rule.stable)}"
        return Wait("answer", text + condition, rule.name, None, rule.stable)
    covered = min(rule.proven, rule.stable)
    text = f"rule {rule.name}: stable {_of(covered, rule.stable)}"
    setback = rule.setback
    if setback is not None:
        text += f"; restarted at {clock.hour(setback.at)}: {setback.reason}"
    restarted = -inf if setback is None else setback.at
    return Wait("stable", text + condition, rule.name, covered, rule.stable, restarted)


def _of(covered: float, stable: float) -> str:
    """Whole seconds, rounded down: it is not over before it is over."""
    if stable < 120:
        return f"{int(covered)} of {stable:g} s"
    return f"{span(int(covered))} of {span(stable)}"


def _for_more(left: float | None) -> str:
    return "" if left is None else f" for {span(round(left))} more"
