"""What a person can get wrong about fail conditions."""

import pytest

from support.told import check, with_uplink

PERCENTAGE_HINT = "a percentage is a number with at most one decimal, and '%', such as 20% or 0.5%"
SECOND_HINT = "join them: 'any: [{…}, {…}]' or 'all: [{…}, {…}]'"
WITHOUT_HINT = (
    "write one beside it: failures or successes, loss, latency, jitter, carrier, any or all"
)
LIST_HINT = "write for example [{loss: 20%, over: 30s}, {latency: 250ms, over: 30s}]"
WINDOW_HINT = "remove 'over', or write 'for', the time that the condition must have held"
OVER_HINT = "write for example 'over: 30s'"


def fails(text: str) -> str:
    """A policy whose line 7 is a rule with a fail condition, its keys from column 22 on."""
    return with_uplink(
        f"rules:\n  - {{name: good, fail: {{failures: 3}}}}\n  - {{name: a, fail: {{{text}}}}}\n"
    )


FAIL = {
    "a loss without its window": (
        fails("loss: 20%"),
        ["7:15-19 missing-key: 'loss' needs the key 'over'", OVER_HINT],
    ),
    "a misspelt window": (
        fails("loss: 20%, ovr: 30s"),
        ["7:33-36 unknown-key: unknown key 'ovr'", "did you mean 'over'?"],
    ),
    "a number as loss": (
        fails("loss: 20, over: 30s"),
        ["7:28-30 bad-value: 20 is not a percentage", "write 20%"],
    ),
    "a loss of two decimals": (
        fails("loss: 20.55%, over: 30s"),
        ["7:28-34 bad-value: '20.55%' is not a percentage", "write 20.6%"],
    ),
    "a loss that nothing can exceed": (
        fails("loss: 100%, over: 30s"),
        ["7:28-32 out-of-range: 100% is no limit of loss", "write 0.1% to 99.9%"],
    ),
    "a loss that says nothing": (
        fails("loss: 0%, over: 30s"),
        ["7:28-30 out-of-range: 0% is no limit of loss", "write 0.1% to 99.9%"],
    ),
    "a number as latency": (
        fails("latency: 250, over: 30s"),
        ["7:31-34 bad-value: 250 is not a duration", "a unit is missing: write 250s, or 250ms"],
    ),
    "a latency too short": (
        fails("latency: 0s, over: 30s"),
        ["7:31-33 out-of-range: 0s is no limit of latency", "write 1ms to 1h"],
    ),
    "a jitter too long": (
        fails("jitter: 2h, over: 30s"),
        ["7:30-32 out-of-range: 2h is no limit of jitter", "write 1ms to 1h"],
    ),
    "a number as window": (
        fails("loss: 20%, over: 30"),
        ["7:39-41 bad-value: 30 is not a duration", "a unit is missing: write 30s"],
    ),
    "a window shorter than the interval": (
        fails("loss: 20%, over: 999ms"),
        [
            "7:39-44 window-below-interval: the window 999ms is shorter than the interval 1s of"
            " the probe 'internet'",
            "nothing can be measured in less than one interval: write at least 1s",
        ],
    ),
    "a window too short": (
        fails("loss: 20%, over: 1ms"),
        ["7:39-42 out-of-range: 1ms is no window", "write 10ms to 1h"],
    ),
    "a window too long": (
        fails("loss: 20%, over: 61m"),
        ["7:39-42 out-of-range: 61m is no window", "write 10ms to 1h"],
    ),
    "a time to hold too long": (
        fails("carrier: down, for: 31d"),
        ["7:42-45 out-of-range: 31d is no time to hold", "write 0s to 30d"],
    ),
    "a window of nothing": (
        fails("over: 30s"),
        ["7:22-26 bad-value: there is no condition here that this could be about", WITHOUT_HINT],
    ),
    "a time and a probe of nothing": (
        fails("for: 3s, probe: internet"),
        [
            "7:22-25 bad-value: there is no condition here that this could be about",
            WITHOUT_HINT,
            "7:31-36 bad-value: there is no condition here that this could be about",
            WITHOUT_HINT,
        ],
    ),
    "failures and a loss": (
        fails("failures: 3, loss: 20%, over: 30s"),
        ["7:35-39 bad-value: a second condition in one mapping", SECOND_HINT],
    ),
    "a loss and a latency without a window": (
        fails("loss: 20%, latency: 250ms"),
        [
            "7:15-19 missing-key: 'loss' needs the key 'over'",
            OVER_HINT,
            "7:33-40 bad-value: a second condition in one mapping",
            SECOND_HINT,
        ],
    ),
    "three conditions": (
        fails("jitter: 2s, over: 9s, carrier: down, any: [{failures: 3}]"),
        [
            "7:44-51 bad-value: a second condition in one mapping",
            SECOND_HINT,
            "7:59-62 bad-value: a second condition in one mapping",
            SECOND_HINT,
        ],
    ),
    "failures over a window": (
        fails("failures: 3, over: 30s"),
        [
            "7:35-39 bad-value: only loss, latency and jitter are measured over a window",
            WINDOW_HINT,
        ],
    ),
    "a carrier over a window": (
        fails("carrier: down, over: 2s"),
        [
            "7:37-41 bad-value: only loss, latency and jitter are measured over a window",
            WINDOW_HINT,
        ],
    ),
    "a carrier with a probe": (
        fails("carrier: down, probe: internet"),
        [
            "7:37-42 bad-value: a condition about the carrier has no probe",
            "remove 'probe': the interface tells of its carrier",
        ],
    ),
    "any of nothing": (
        fails("any: []"),
        ["7:27-29 bad-value: [] is not a list of fail conditions", LIST_HINT],
    ),
    "all of no list": (
        fails("all: {failures: 3}"),
        ["7:27-40 bad-value: this mapping is not a list of fail conditions", LIST_HINT],
    ),
    "any of a number": (
        fails("any: [3]"),
        ["7:28-29 bad-value: 3 is not a fail condition", "write for example {failures: 3}"],
    ),
    "any of an empty mapping": (
        fails("any: [{}]"),
        ["7:28-30 bad-value: {} is not a fail condition", "write for example {failures: 3}"],
    ),
    "any beside all": (
        fails("any: [{failures: 3}], all: [{failures: 3}]"),
        ["7:44-47 bad-value: a second condition in one mapping", SECOND_HINT],
    ),
    "a group with a probe": (
        fails("any: [{failures: 3}], probe: internet"),
        [
            "7:44-49 bad-value: 'any' and 'all' have no probe of their own",
            "write 'probe' into their conditions, or beside the name of the rule for all of them",
        ],
    ),
    "a group over a window": (
        fails("all: [{failures: 3}], over: 3s"),
        [
            "7:44-48 bad-value: only loss, latency and jitter are measured over a window",
            WINDOW_HINT,
        ],
    ),
    "successes to fail": (
        fails("successes: 3"),
        [
            "7:22-31 bad-value: 'successes' is for 'recover'",
            "write 'failures', the number of failed rounds in a row",
        ],
    ),
    "a stable time to fail": (
        fails("failures: 3, stable: 60s"),
        [
            "7:35-41 bad-value: 'stable' is for 'recover'",
            "write 'for', the time that a condition must have held",
        ],
    ),
    "a misspelt kind": (
        fails("failure: 3"),
        ["7:22-29 unknown-key: unknown key 'failure'", "did you mean 'failures'?"],
    ),
    "a mistake far inside": (
        fails("any: [{carrier: down}, {all: [{failures: 3}, {loss: 20%, over: 1h, for: 1}]}]"),
        ["7:94-95 bad-value: 1 is not a duration", "a unit is missing: write 1s, or 1ms"],
    ),
    "a misspelt probe of a condition": (
        fails("failures: 3, probe: intrnet"),
        ["7:42-49 unknown-probe: there is no probe 'intrnet'", "did you mean 'internet'?"],
    ),
}


@pytest.mark.parametrize("case", FAIL.values(), ids=FAIL)
def test_a_fail_condition(case: tuple[str, list[str]]) -> None:
    check(*case)
