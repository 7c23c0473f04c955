"""Which packets count as answers."""

import sys
import threading
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.counters import Counters
from route_switcher.probes.icmp import IcmpProber
from support.loopback import (
    LONG,
    SHORT,
    TARGETS,
    V4,
    Send,
    answering,
    receiving,
    round_that_hears,
    silent_kernel,
    targets_on_loopback,
)

pytestmark = pytest.mark.kernel

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


def reasons(echoes: RoundResult) -> list[str]:
    return [answer.reason for answer in echoes.answers]


@pytest.mark.parametrize("family", Family)
async def test_targets_answer(family: Family) -> None:
    async with receiving(family) as prober:
        before = trio.current_time()
        echoes = await prober.ask(TARGETS[family], 3, LONG)
    assert (echoes.outcome, echoes.reason) == (GOOD, "")
    assert before <= echoes.sent_at <= trio.current_time()
    assert tuple(answer.target for answer in echoes.answers) == TARGETS[family]
    assert all(answer.rtt is not None and 0 <= answer.rtt < LONG for answer in echoes.answers)
    assert prober.counters == Counters()


@pytest.mark.usefixtures("however_late")
@pytest.mark.parametrize("family", Family)
async def test_a_silent_target_fails_the_round_at_its_timeout(family: Family) -> None:
    with silent_kernel():
        async with receiving(family) as prober:
            echoes = await prober.ask(TARGETS[family][:1], 1, SHORT)
            over = trio.current_time()
    assert (echoes.outcome, echoes.reason) == (FAILED, "no answer within 0.5 s")
    assert over >= echoes.sent_at + SHORT


@pytest.mark.parametrize(("needed", "outcome"), [(1, GOOD), (2, GOOD), (3, FAILED)])
async def test_one_dead_target_of_three(
    mock_clock: MockClock, needed: int, outcome: RoundOutcome
) -> None:
    def dead_third(reply: bytes, target: Target, send: Send) -> None:
        if target != V4[2]:
            send(reply, target)

    async with receiving() as prober:
        echoes = await round_that_hears(prober, mock_clock, dead_third, V4, needed)
    assert echoes.outcome is outcome
    assert echoes.answers[2].rtt is None
    assert prober.counters == Counters()


async def test_a_round_waits_for_no_more_answers_than_it_needs() -> None:
    def only_second(reply: bytes, target: Target, send: Send) -> None:
        if target == V4[1]:
            send(reply, target)

    with answering(only_second, requests=3):
        async with receiving() as prober:
            echoes = await prober.ask(V4, 1, LONG)
    assert echoes.outcome is GOOD
    assert reasons(echoes) == ["not waited for", "", "not waited for"]


@pytest.mark.parametrize("family", Family)
async def test_the_right_reply_from_another_source_is_dropped(
    mock_clock: MockClock, family: Family
) -> None:
    def spoof(reply: bytes, target: Target, send: Send) -> None:
        send(reply, TARGETS[family][1])

    async with receiving(family) as prober:
        echoes = await round_that_hears(prober, mock_clock, spoof, TARGETS[family][:1])
    assert echoes.outcome is FAILED
    assert prober.counters == Counters(wrong_source=1)


@pytest.mark.parametrize("family", Family)
async def test_a_reply_with_a_guessed_token_is_dropped(
    mock_clock: MockClock, family: Family
) -> None:
    def guess(reply: bytes, target: Target, send: Send) -> None:
        send(reply[:12] + bytes(len(reply) - 12), target)  # our key, as who saw it would send
        send(reply[:-1] + bytes([reply[-1] ^ 1]), target)

    async with receiving(family) as prober:
        echoes = await round_that_hears(prober, mock_clock, guess, TARGETS[family][:1])
    assert echoes.outcome is FAILED
    assert prober.counters == Counters(wrong_token=2)


@pytest.mark.parametrize("family", Family)
async def test_spoofed_replies_do_not_keep_the_true_one_out(family: Family) -> None:
    def race(reply: bytes, target: Target, send: Send) -> None:
        send(reply, TARGETS[family][1])
        send(reply[:12] + bytes(len(reply) - 12), target)
        send(reply[:-1] + bytes([reply[-1] ^ 1]), target)
        send(reply, target)

    with answering(race, family=family):
        async with receiving(family) as prober:
            echoes = await prober.ask(TARGETS[family][:1], 1, LONG)
    assert echoes.outcome is GOOD
    assert prober.counters == Counters(wrong_source=1, wrong_token=2)


@pytest.mark.parametrize("family", Family)
async def test_other_identifiers_sequences_and_nonsense_are_dropped_by_cause(
    family: Family,
) -> None:
    def nonsense(reply: bytes, target: Target, send: Send) -> None:
        send(reply[:4] + bytes([reply[4] ^ 1]) + reply[5:], target)
        send(reply[:6] + bytes([reply[6] ^ 1]) + reply[7:], target)
        send(reply[:1] + b"\x01" + reply[2:], target)
        send(reply, target)

    with answering(nonsense, family=family):
        async with receiving(family) as prober:
            echoes = await prober.ask(TARGETS[family][:1], 1, LONG)
    assert echoes.outcome is GOOD
    assert prober.counters == Counters(unasked=1, malformed=1)


async def test_a_repeated_reply_counts_once(mock_clock: MockClock) -> None:
    def twice(reply: bytes, target: Target, send: Send) -> None:
        if target == V4[0]:
            send(reply, target)
            send(reply, target)

    async with receiving() as prober:
        echoes = await round_that_hears(prober, mock_clock, twice, V4[:2], 2)
    assert echoes.outcome is FAILED
    assert prober.counters == Counters(repeated=1)


async def test_a_reply_with_ip_options_counts() -> None:
    def with_options(reply: bytes, target: Target, send: Send) -> None:
        send(reply, target, options=b"\x01\x01\x01\x00")

    with answering(with_options):
        async with receiving() as prober:
            assert (await prober.ask(V4[:1], 1, LONG)).outcome is GOOD


@pytest.mark.usefixtures("however_late")
async def test_a_reply_after_the_timeout_is_dropped() -> None:
    ended = threading.Event()

    def later(reply: bytes, target: Target, send: Send) -> None:
        ended.wait(60)
        send(reply, target)

    async with receiving() as prober:
        with answering(later):
            missed = await prober.ask(V4[:1], 1, SHORT)
            ended.set()
        met = await prober.ask(V4[:1], 1, LONG)
    assert (missed.outcome, met.outcome) == (FAILED, GOOD)
    assert prober.counters == Counters(unasked=1)


async def test_two_probers_do_not_take_each_others_replies() -> None:
    echoes: list[RoundResult] = []

    async def repeat(prober: IcmpProber) -> None:
        echoes.extend([await prober.ask(V4, 3, LONG) for _ in range(20)])

    async with receiving() as one, receiving() as other, trio.open_nursery() as nursery:
        nursery.start_soon(repeat, one)
        nursery.start_soon(repeat, other)
    assert [e.outcome for e in echoes] == [GOOD] * 40
    assert one.counters == other.counters == Counters()


async def test_rounds_of_several_probes_share_a_prober() -> None:
    echoes: list[RoundResult] = []

    async def repeat(prober: IcmpProber, target: Target) -> None:
        echoes.extend([await prober.ask((target,), 1, LONG) for _ in range(20)])

    async with receiving() as prober, trio.open_nursery() as nursery:
        for target in V4:
            nursery.start_soon(repeat, prober, target)
    assert [e.outcome for e in echoes] == [GOOD] * 60
    assert prober.counters == Counters()


async def test_a_large_round_does_not_overrun_its_own_receive_buffer() -> None:
    async with receiving() as prober:
        echoes = await prober.ask(V4 * 500, 1500, LONG)
    assert echoes.outcome is GOOD
    assert prober.counters == Counters()


async def test_without_the_right_to_open_raw_sockets_entering_says_so() -> None:
    script = """
import trio
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.icmp import IcmpProber
from route_switcher.probes.prober import ProbeNotPermitted

async def main():
    for interface in ("lo", "missing0"):
        try:
            with IcmpProber(interface, Family.IPV4):
                print("entered")
        except ProbeNotPermitted as error:
            print(error)

trio.run(main)
"""
    command = ["setpriv", "--bounding-set=-net_raw", sys.executable, "-P", "-c", script]
    done = await trio.run_process(command, capture_stdout=True)
    assert done.stdout.decode().splitlines() == [
        f"cannot open a raw ICMP socket on {interface} (Operation not permitted):"
        " run as root, or give the process CAP_NET_RAW"
        for interface in ("lo", "missing0")
    ]
