"""What a person can get wrong about recover conditions, and about the probes of conditions."""

import pytest

from support.told import check, with_uplink

SECOND_HINT = "join them: 'any: [{…}, {…}]' or 'all: [{…}, {…}]'"
WITHOUT_HINT = (
    "write one beside it: failures or successes, loss, latency, jitter, carrier, any or all"
)
OVER_HINT = "write for example 'over: 30s'"


def a_rule(text: str) -> str:
    """A policy with a good rule, and in line 7 the rule `a`, its keys from column 15 on."""
    return with_uplink(
        f"rules:\n  - {{name: good, fail: {{failures: 3}}}}\n  - {{name: a, {text}}}\n"
    )


def recovers(text: str) -> str:
    """A policy whose rule `a` has a recover condition, its keys from column 46 on."""
    return a_rule(f"fail: {{failures: 3}}, recover: {{{text}}}")


def of_two(text: str) -> str:
    """A policy with the probes `p` and `q`, and in line 10 the rule `a`."""
    return with_uplink(
        "probes:\n  p: {type: icmp}\n  q: {type: icmp, interval: 5s}\n"
        "rules:\n  - {name: b, fail: {all: [{failures: 3, probe: p}, {failures: 3, probe: q}]}}\n"
        f"  - {{name: a, {text}}}\n"
    )


RECOVER = {
    "failures to recover": (
        recovers("failures: 3"),
        [
            "7:46-54 bad-value: 'failures' is for 'fail'",
            "write 'successes', the number of good rounds in a row",
        ],
    ),
    "a carrier that is down": (
        recovers("carrier: down"),
        [
            "7:55-59 bad-value: 'down' is not a state of the carrier that an uplink recovers by",
            "write 'up'",
        ],
    ),
    "no successes": (
        recovers("successes: 0"),
        [
            "7:57-58 bad-value: 0 is not a number of successes",
            "recover after this many good rounds in a row: a whole number from 1 to 1000",
        ],
    ),
    "a stable time further inside": (
        recovers("any: [{stable: 3s}]"),
        [
            "7:53-59 bad-value: 'stable' stands at the top of 'recover'",
            "move it there, or write 'for', the time that this condition must have held",
        ],
    ),
    "failures further inside": (
        recovers("all: [{failures: 2}]"),
        [
            "7:53-61 bad-value: 'failures' is for 'fail'",
            "write 'successes', the number of good rounds in a row",
        ],
    ),
    "a loss that is always within": (
        recovers("loss: 100%, over: 60s"),
        ["7:52-56 out-of-range: 100% is no limit of loss", "write 0% to 99.9%"],
    ),
    "a stable time is no window": (
        recovers("loss: 2%, stable: 60s"),
        ["7:36-43 missing-key: 'loss' needs the key 'over'", OVER_HINT],
    ),
    "a time to hold of nothing": (
        recovers("for: 3s, stable: 60s"),
        ["7:46-49 bad-value: there is no condition here that this could be about", WITHOUT_HINT],
    ),
    "any of nothing": (
        recovers("any: []"),
        [
            "7:51-53 bad-value: [] is not a list of recover conditions",
            "write for example [{successes: 5}, {latency: 100ms, over: 60s}]",
        ],
    ),
    "successes and a latency": (
        recovers("successes: 3, latency: 1s, over: 9s"),
        ["7:60-67 bad-value: a second condition in one mapping", SECOND_HINT],
    ),
}


@pytest.mark.parametrize("case", RECOVER.values(), ids=RECOVER)
def test_a_recover_condition(case: tuple[str, list[str]]) -> None:
    check(*case)


PROBE_OF_A_CONDITION = {
    "a carrier further inside needs no probe": (
        a_rule("probe: internet, fail: {any: [{carrier: down}]}"),
        [
            "7:15-20 bad-value: a rule about the carrier has no probe",
            "remove 'probe': the interface tells of its carrier",
        ],
    ),
    "a probe that no condition uses": (
        a_rule("probe: internet, fail: {failures: 3, probe: internet}"),
        [
            "7:15-20 bad-value: every condition of this rule names a probe of its own",
            "remove this one",
        ],
    ),
    "no condition says which of two probes": (
        of_two("fail: {any: [{failures: 3}, {loss: 20%, over: 30s}]}"),
        [
            "10:5-68 missing-key: a rule about rounds needs the key 'probe' where there are"
            " several probes",
            "write one of: p, q",
        ],
    ),
    "one condition does not say which of two probes": (
        of_two("fail: {any: [{failures: 3}, {loss: 20%, over: 30s, probe: p}]}"),
        [
            "10:28-41 missing-key: this condition needs the key 'probe' where there are several"
            " probes",
            "write one of: p, q",
        ],
    ),
    "the recover condition does not say which of two probes": (
        of_two("fail: {failures: 3, probe: p}, recover: {successes: 2}"),
        [
            "10:55-69 missing-key: this condition needs the key 'probe' where there are several"
            " probes",
            "write one of: p, q",
        ],
    ),
    "a window against the probe of the rule": (
        of_two("probe: q, fail: {loss: 2%, over: 3s}"),
        [
            "10:48-50 window-below-interval: the window 3s is shorter than the interval 5s of"
            " the probe 'q'",
            "nothing can be measured in less than one interval: write at least 5s",
        ],
    ),
    "a window against the probe of the condition": (
        of_two("fail: {loss: 2%, over: 3s, probe: q}"),
        [
            "10:38-40 window-below-interval: the window 3s is shorter than the interval 5s of"
            " the probe 'q'",
            "nothing can be measured in less than one interval: write at least 5s",
        ],
    ),
}


@pytest.mark.parametrize("case", PROBE_OF_A_CONDITION.values(), ids=PROBE_OF_A_CONDITION)
def test_the_probe_of_a_condition(case: tuple[str, list[str]]) -> None:
    check(*case)
