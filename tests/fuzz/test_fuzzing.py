"""The fuzzers' targets stand what they are seeded with, and what hypothesis makes of that.

`make fuzz` attacks the same targets for longer, led by coverage.
"""

from functools import cache
from random import Random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import (
    dns_answers,
    gateway_frames,
    http_answers,
    icmp_packets,
    netlink_datagrams,
    policy_text,
)
from fuzz.target import Target

TARGETS = {
    "policy_text": policy_text.TARGET,
    "http_answers": http_answers.TARGET,
    "gateway_frames": gateway_frames.TARGET,
    "dns_answers": dns_answers.TARGET,
    "icmp_packets": pytest.param(icmp_packets.TARGET, marks=pytest.mark.kernel),
    "netlink_datagrams": pytest.param(netlink_datagrams.TARGET, marks=pytest.mark.kernel),
}
every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@cache
def seeds_of(target: Target) -> list[bytes]:
    return target.seeds()


def stands(target: Target, data: bytes) -> None:
    async def attack() -> None:
        target.attack(data)

    trio.run(attack)


@every_target
def test_seeds_are_taken(target: Target) -> None:
    for seed in seeds_of(target):
        stands(target, seed)


@every_target
@settings(deadline=None)
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_mutated_seeds_are_taken_or_refused_as_documented(
    target: Target, data: st.DataObject, random: Random
) -> None:
    mutated = data.draw(st.sampled_from(seeds_of(target)))
    for _ in range(data.draw(st.integers(1, 4))):
        mutated = target.mutated(mutated, random)
    stands(target, mutated[: target.largest])
