"""Probes that run programs: what they come to, what they are told, and what is left of them."""

import errno
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
import trio

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.checks import ExecProgram
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.problems import PolicyProblems
from route_switcher.policy.safe_to_run import read_safe
from route_switcher.probes.prober import Egress, Prober
from route_switcher.probes.registry import open_prober

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
LONG, SHORT = 30.0, 1.0
HOP = NextHop(ip_address("198.51.100.1"), ip_address("198.51.100.2"))


@asynccontextmanager
async def running(*words: str) -> AsyncIterator[Prober]:
    egress = Egress(interface="lo", family=Family.IPV4, uplink="office", next_hop=lambda: HOP)
    with open_prober(egress, ExecProgram(words)) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            yield prober
            nursery.cancel_scope.cancel()


async def run(*words: str, within: float = LONG) -> RoundResult:
    async with running(*words) as prober:
        return await prober.ask((Target.of_uplink("program"),), 1, within)


def sh(script: str) -> tuple[str, ...]:
    return "/bin/sh", "-c", script


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        ("exit 0", GOOD, ""),
        ("exit 3", FAILED, "exit code 3"),
        (
            "echo the office is closed; echo more; exit 1",
            FAILED,
            "exit code 1: the office is closed",
        ),
        ("kill -9 $$", FAILED, "it was ended by SIGKILL"),
        ("yes | head -c 1000000; exit 2", FAILED, "exit code 2: y"),
    ],
)
async def test_the_exit_code_decides(script: str, outcome: RoundOutcome, reason: str) -> None:
    result = await run(*sh(script))
    assert (result.outcome, result.reason) == (outcome, reason)


@pytest.mark.parametrize("refusals", [1, 1_000_000], ids=["for a moment", "for long"])
async def test_a_machine_that_can_wait_for_nothing_more_says_nothing_of_the_line(
    monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    left, waits = refusals, trio.lowlevel.wait_readable

    async def refused(what: int) -> None:
        nonlocal left
        if left:
            left -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        await waits(what)

    monkeypatch.setattr(trio.lowlevel, "wait_readable", refused)
    result = await run("/bin/sleep", "60")
    assert (result.outcome, result.reason) == (
        UNKNOWN,
        "this machine had no room to wait for its end",
    )


async def test_it_is_told_what_to_ask_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    script = 'echo "$UPLINK $INTERFACE $GATEWAY $SOURCE $FAMILY [$NOTIFY_SOCKET]" >"$0"'
    told = tmp_path / "told"
    assert (await run(*sh(script), str(told))).outcome is GOOD
    assert told.read_text() == "office lo 198.51.100.1 198.51.100.2 IPv4 []\n"


async def test_no_shell_reads_its_arguments(tmp_path: Path) -> None:
    told = tmp_path / "told"
    assert (await run(*sh('printf %s "$1" >"$0"'), str(told), "$HOME; exit 1")).outcome is GOOD
    assert told.read_text() == "$HOME; exit 1"


@pytest.mark.usefixtures("however_late")
async def test_at_the_end_of_its_time_it_is_ended_with_all_that_it_has_started(
    tmp_path: Path,
) -> None:
    pids = tmp_path / "pids"
    script = 'setsid sleep 1000 & echo $! >"$0"; echo $$ >>"$0"; sleep 1000'
    started: list[int] = []
    within = SHORT / 2
    while len(started) < 2:  # the more time, the surer it comes so far
        assert within < LONG
        within *= 2
        async with running(*sh(script), str(pids)) as prober:
            result = await prober.ask((Target.of_uplink("program"),), 1, within)
            started = [int(pid) for pid in pids.read_text().split()] if pids.exists() else []
            with trio.fail_after(60):
                while any(map(alive, started)):  # noqa: ASYNC110
                    await trio.sleep(0.01)
        reason = f"no end of the program within {within:g} s"
        assert (result.outcome, result.reason) == (FAILED, reason)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


async def test_a_program_that_is_not_there_says_nothing_of_the_uplink() -> None:
    result = await run("/nonexistent/program")
    assert (result.outcome, result.reason) == (
        UNKNOWN,
        "it cannot be run: No such file or directory",
    )
    assert not result.answers[0].asked


async def test_while_it_runs_the_loop_goes_on() -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(turn)
        assert (await run(*sh("exit 0"))).outcome is GOOD
        nursery.cancel_scope.cancel()
    assert turns > 10


def test_a_policy_with_one_that_others_may_write_is_refused(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "version: 1\nuplinks: {a: {interface: eth0, gateway: 198.51.100.1}}\n"
        "probes: {p: {type: exec, run: [/bin/true]}}\n"
    )
    os.chmod(policy, stat.S_IRUSR | stat.S_IWUSR | stat.S_IWOTH)
    with pytest.raises(PolicyProblems) as refused:
        read_safe(str(policy))
    assert refused.value.problems[0].code == "others-may-write"
