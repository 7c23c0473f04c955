"""The `hold_back` section: what delays optional switches."""

from math import floor, log2

from route_switcher.core.vocabulary.policy import Damping, FailBack, HoldBack
from route_switcher.policy.findings import Findings
from route_switcher.policy.sections.bounds import read_seconds
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import MONTH, format_duration

SECTION = "hold_back"

SHORTEST_HALF_LIFE = 1.0
DEFAULT_HALF_LIVES = 4
"""How many half-lives an uplink is damped at most, where the policy does not say."""
MOST_HALF_LIVES = 20
"""As many at most: more would bound nothing, since nobody counts a million failures."""
LONGEST_HOLD = DEFAULT_HALF_LIVES * MONTH


def read_hold_back(findings: Findings) -> HoldBack:
    """What holds back; reports what can never take effect."""
    min_stay = read_seconds(
        findings,
        (SECTION, "min_stay"),
        "time to stay",
        0,
        MONTH,
        endless="to stay until an operator orders the way back, write 'fail_back: manual' instead",
    )
    switches = findings.get((SECTION, "switches_per_hour"))
    return HoldBack(
        0.0 if min_stay is None else min_stay,
        switches if isinstance(switches, int) else None,
        _read_damping(findings, (SECTION, "damping")),
        FailBack(findings.get((SECTION, "fail_back")) or FailBack.AUTOMATIC),
    )


def _read_damping(findings: Findings, path: Path) -> Damping | None:
    half_life = read_seconds(findings, (*path, "half_life"), "half-life", SHORTEST_HALF_LIFE, MONTH)
    max_hold = read_seconds(
        findings, (*path, "max_hold"), "time to hold", SHORTEST_HALF_LIFE, LONGEST_HOLD
    )
    suppress = findings.get((*path, "suppress"))
    reuse = findings.get((*path, "reuse"))
    if not isinstance(suppress, int) or not isinstance(reuse, int):
        return None
    if reuse >= suppress:
        findings.report(
            "reuse-above-suppress",
            (*path, "reuse"),
            f"{reuse} is not below 'suppress', {suppress}",
            "an uplink is damped above 'suppress' and free below 'reuse': lower this one, or raise"
            " the other",
        )
    if half_life is None or not findings.sound(path):
        return None
    damping = Damping(half_life, suppress, reuse, max_hold or DEFAULT_HALF_LIVES * half_life)
    _check_hold(findings, (*path, "max_hold"), damping)
    return damping


def _check_hold(findings: Findings, path: Path, damping: Damping) -> None:
    """The penalty is bounded so that it falls to `reuse` within `max_hold` (RFC 2439, 4.2)."""
    longest = MOST_HALF_LIVES * damping.half_life
    if damping.max_hold > longest:
        findings.report(
            "out-of-range",
            path,
            f"{format_duration(damping.max_hold)} is more than {MOST_HALF_LIVES} half-lives",
            f"write at most {format_duration(longest)}",
        )
    enough = damping.half_life * log2(damping.suppress / damping.reuse)
    if damping.max_hold <= enough:
        least = floor(enough) + 1
        findings.report(
            "unreachable-suppress",
            path,
            f"a penalty that falls to {damping.reuse} within {format_duration(damping.max_hold)}"
            f" is never above 'suppress', {damping.suppress}",
            f"write a 'max_hold' of at least {format_duration(least)}"
            if least <= LONGEST_HOLD
            else "write a lower 'suppress', or a higher 'reuse'",
        )
