"""What a person can get wrong about what holds back."""

import pytest

from support.told import DURATION_HINT, check, with_uplink

SWITCHES_HINT = (
    "a whole number from 1 to 1000: after this number of switches within an hour, optional ones"
    " wait"
)


def held_back(text: str) -> str:
    """A policy whose line 5 says what holds back, its keys from column 13 on."""
    return with_uplink(f"hold_back: {{{text}}}\n")


def damped(text: str) -> str:
    """A policy whose line 5 is about damping, its keys from column 23 on."""
    return held_back(f"damping: {{{text}}}")


HELD_BACK = {
    "nothing held back": (
        held_back(""),
        [
            "5:12-14 bad-value: {} is not a mapping of what holds back",
            "write for example {min_stay: 2m, switches_per_hour: 6}",
        ],
    ),
    "a number as time to stay": (
        held_back("min_stay: 2"),
        ["5:23-24 bad-value: 2 is not a duration", "a unit is missing: write 2s, or 2ms"],
    ),
    "a time to stay too long, and no switches": (
        held_back("min_stay: 31d, switches_per_hour: 0"),
        [
            "5:23-26 out-of-range: 31d is no time to stay",
            "write 0s to 30d",
            "5:47-48 bad-value: 0 is not a number of switches",
            SWITCHES_HINT,
        ],
    ),
    "a key that is not known": (
        held_back("stay: 2m"),
        ["5:13-17 unknown-key: unknown key 'stay'", "did you mean 'min_stay'?"],
    ),
    "no time to stay": (
        held_back("min_stay: "),
        ["5:13-21 empty: a duration is expected here", DURATION_HINT],
    ),
    "two thousand switches": (
        held_back("switches_per_hour: 2000"),
        [
            "5:32-36 bad-value: 2000 is not a number of switches",
            SWITCHES_HINT,
        ],
    ),
}


@pytest.mark.parametrize("case", HELD_BACK.values(), ids=HELD_BACK)
def test_what_holds_back(case: tuple[str, list[str]]) -> None:
    check(*case)


DAMPING = {
    "no damping": (
        damped(""),
        [
            "5:13-20 missing-key: a mapping of damping needs the key 'half_life'",
            "write for example 'half_life: 10m'",
            "5:13-20 missing-key: a mapping of damping needs the key 'suppress'",
            "write for example 'suppress: 3'",
            "5:13-20 missing-key: a mapping of damping needs the key 'reuse'",
            "write for example 'reuse: 1'",
        ],
    ),
    "a misspelt key and a broken penalty": (
        damped("half_life: 10m, supress: 3, reuse: 1.5"),
        [
            "5:39-46 unknown-key: unknown key 'supress'",
            "did you mean 'suppress'?",
            "5:58-61 bad-value: '1.5' is not a penalty",
            "a whole number from 1 to 1000, less than 'suppress': an uplink is damped until its"
            " penalty is below this",
        ],
    ),
    "reuse as high as suppress": (
        damped("half_life: 10m, suppress: 3, reuse: 3"),
        [
            "5:59-60 reuse-above-suppress: 3 is not below 'suppress', 3",
            "an uplink is damped above 'suppress' and free below 'reuse': lower this one, or"
            " raise the other",
        ],
    ),
    "times that are too short and too long": (
        damped("half_life: 500ms, suppress: 3, reuse: 1, max_hold: 121d"),
        [
            "5:34-39 out-of-range: 500ms is no half-life",
            "write 1s to 30d",
            "5:74-78 out-of-range: 121d is no time to hold",
            "write 1s to 120d",
        ],
    ),
    "a hold too short for the penalty to be above suppress": (
        damped("half_life: 10m, suppress: 3, reuse: 1, max_hold: 10m"),
        [
            "5:72-75 unreachable-suppress: a penalty that falls to 1 within 10m is never above"
            " 'suppress', 3",
            "write a 'max_hold' of at least 951s",
        ],
    ),
    "a hold just too short": (
        damped("half_life: 10m, suppress: 2, reuse: 1, max_hold: 10m"),
        [
            "5:72-75 unreachable-suppress: a penalty that falls to 1 within 10m is never above"
            " 'suppress', 2",
            "write a 'max_hold' of at least 601s",
        ],
    ),
    "a hold beyond counting": (
        damped("half_life: 10s, suppress: 3, reuse: 1, max_hold: 201s"),
        ["5:72-76 out-of-range: 201s is more than 20 half-lives", "write at most 200s"],
    ),
    "a default hold too short": (
        damped("half_life: 10m, suppress: 16, reuse: 1"),
        [
            "5:13-20 unreachable-suppress: a penalty that falls to 1 within 40m is never above"
            " 'suppress', 16",
            "write a 'max_hold' of at least 2401s",
        ],
    ),
    "a penalty that no hold is long enough for": (
        damped("half_life: 30d, suppress: 1000, reuse: 1"),
        [
            "5:13-20 unreachable-suppress: a penalty that falls to 1 within 120d is never above"
            " 'suppress', 1000",
            "write a lower 'suppress', or a higher 'reuse'",
        ],
    ),
}


@pytest.mark.parametrize("case", DAMPING.values(), ids=DAMPING)
def test_damping(case: tuple[str, list[str]]) -> None:
    check(*case)
