"""How often one line that flaps moves the traffic: away when it fails, and back when it may."""

from dataclasses import replace

from route_switcher.core.health.damping import Penalty
from route_switcher.core.vocabulary.policy import Damping, FailBack, Policy
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.text.durations import HOUR

USUAL = Damping(half_life=600.0, suppress=3.0, reuse=1.0, max_hold=2400.0)
"""What a policy without damping is compared with: that of the examples."""

_HOURS = 10


def moves_an_hour(policy: Policy) -> float:
    """How often an hour one flapping line moves the traffic at most; 0: there is no other uplink.

    It fails at once, as by its carrier, and is healthy again as soon as its shortest stable time is
    over. Then it fails again. Moves back are held back by the minimum stay, by the budget, and by
    damping, in the mean of some hours.
    """
    rates = [_rate(policy, u) for u in policy.uplinks if len(policy.uplinks_of(u.family)) > 1]
    return max(rates, default=0.0)


def damped(policy: Policy) -> Policy:
    """The policy with the usual damping."""
    return replace(policy, hold_back=replace(policy.hold_back, damping=USUAL))


def _rate(policy: Policy, uplink: Uplink) -> float:
    rules, probes = policy.rules_for(uplink.name), policy.probes_through(uplink.name)
    if not rules or not probes:
        return 0.0
    # Not before a good round, whatever its rules ask for.
    shortest = min(min(p.fast_interval, p.interval) for p in probes)
    back = max(min(rule.recover.stable for rule in rules), shortest)
    hold_back = policy.hold_back
    if hold_back.fail_back is FailBack.MANUAL:
        return 0.0  # it moves the traffic once
    cycle = max(back, hold_back.min_stay)
    cycles = HOUR / cycle if hold_back.damping is None else _damped(hold_back.damping, cycle)
    if hold_back.switches_per_hour is not None:
        # Moves back wait until the budget allows one; a failure may follow the last of them.
        return min(2 * cycles, hold_back.switches_per_hour + 1.0)
    return 2 * cycles


def _damped(damping: Damping, cycle: float) -> float:
    """Cycles an hour, in the mean of the hours after the first."""
    penalty, at, count = Penalty(damping), 0.0, 0
    while at < (1 + _HOURS) * HOUR:
        penalty.add_failure(at)
        count += at >= HOUR
        at = max(at + cycle, penalty.until)
    return count / _HOURS
