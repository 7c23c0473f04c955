"""What the health by each rule of an uplink becomes when a new policy takes effect."""

from collections.abc import Iterable, Sequence

from route_switcher.core.health.rule_health import RuleHealth
from route_switcher.core.health.shared_windows import NewWindows
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.uplinks import Uplink


def rules_at_reload(
    before: Iterable[RuleHealth],
    rules: Iterable[Rule],
    uplink: Uplink,
    probes: Sequence[Probe],
    link: LinkState,
    windows: NewWindows,
    state: RuleState,
) -> list[RuleHealth]:
    """The state stays, by the names of rules; a new rule begins in `state`."""
    kept = {health.rule.name: health for health in before}
    healths = []
    for rule in rules:
        health = kept.get(rule.name)
        if health is None:
            health = RuleHealth(uplink, rule, probes, link, windows, state)
        elif not health.goes_on_with(rule, probes):
            health.restart(rule, probes, windows)
        health.uplink = uplink
        healths.append(health)
    return healths
