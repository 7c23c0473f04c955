"""Programs of hooks: whatever they do, they end in time, and nothing of them is left."""

import json
import resource
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
import trio

from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.core.vocabulary.moments import HookUplink, Moment
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.hooks import programs
from route_switcher.daemon.hooks.programs import Programs
from support.world import policy

POLICY = policy()
LEFT, TAKEN = POLICY.uplinks[:2]
OWN = (ip_address("198.51.100.10"), ip_address("198.51.100.9"))


def moment() -> Moment:
    now = trio.current_time()
    return Moment(
        at=now - 1.0,
        kind=HookKind.ON_SWITCH,
        family=Family.IPV4,
        uplink=HookUplink(TAKEN, NextHop(ip_address("198.51.100.1")), UplinkState.HEALTHY, OWN),
        previous=HookUplink(LEFT, NextHop(None), UplinkState.FAILED),
        cause=Cause.FAILOVER,
        rules=("no-internet", "brown-out"),
        evidence=("it is dead",),
        since=now - 4.0,
    )


async def run(*command: str, timeout: float = 60.0) -> str:  # noqa: ASYNC109 (the hook's own)
    """Why it failed."""
    hook = Hook(HookKind.ON_SWITCH, command, timeout, 3)
    effect = RunHook(trio.current_time(), hook, moment(), 1)
    with trio.fail_after(60):
        return await Programs().run(effect, POLICY)


async def sh(script: str, *, timeout: float = 60.0) -> str:  # noqa: ASYNC109
    return await run("/bin/sh", "-c", script, timeout=timeout)


def alive(marks: Path) -> list[int]:
    """The processes that wrote their number into a file, and are there."""
    pids = [int(word) for word in marks.read_text().split()] if marks.exists() else []
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


async def until(holds: Callable[[], bool]) -> None:
    """Other processes tell of themselves by files only."""
    with trio.fail_after(60):
        while not holds():  # noqa: ASYNC110
            await trio.sleep(0.01)


async def test_it_is_told_what_happened(tmp_path: Path) -> None:
    facts, variables = tmp_path / "facts", tmp_path / "variables"
    assert await sh(f"cat > {facts}; env > {variables}") == ""
    told = json.loads(facts.read_text())
    assert told["hook"] == "on_switch"
    assert told["family"] == "IPv4"
    assert told["uplink"] == {
        "name": TAKEN.name,
        "interface": TAKEN.interface,
        "gateway": "198.51.100.1",
        "state": "healthy",
        "addresses": ["198.51.100.10", "198.51.100.9"],
    }
    assert told["previous"]["name"] == LEFT.name
    assert told["previous"]["gateway"] is None
    assert told["cause"] == "failover"
    assert told["rules"] == ["no-internet", "brown-out"]
    assert told["outage_seconds"] == pytest.approx(3.0)
    lines = dict(line.split("=", 1) for line in variables.read_text().splitlines())
    ours = {name: lines[f"ROUTE_SWITCHER_{name}"] for name in ("UPLINK", "PREVIOUS_UPLINK")}
    assert ours == {"UPLINK": TAKEN.name, "PREVIOUS_UPLINK": LEFT.name}
    assert lines["ROUTE_SWITCHER_GATEWAY"] == "198.51.100.1"
    assert lines["ROUTE_SWITCHER_PREVIOUS_GATEWAY"] == ""
    assert lines["ROUTE_SWITCHER_ADDRESSES"] == "198.51.100.10 198.51.100.9"
    assert lines["ROUTE_SWITCHER_PREVIOUS_ADDRESSES"] == ""
    assert lines["ROUTE_SWITCHER_RULES"] == "no-internet brown-out"
    assert float(lines["ROUTE_SWITCHER_OUTAGE_SECONDS"]) == pytest.approx(3.0)
    assert lines["ROUTE_SWITCHER_SINCE"] == told["since"]


async def test_what_is_for_the_engine_alone_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/nobody")
    monkeypatch.setenv("WATCHDOG_USEC", "1")
    assert await sh(f"env > {tmp_path}/it") == ""
    told = {line.split("=")[0] for line in (tmp_path / "it").read_text().splitlines()}
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & told


async def test_arguments_are_read_by_no_shell(tmp_path: Path) -> None:
    odd = ["$HOME", "*", "a b", "; touch x", "", "\n", "ü"]
    script = tmp_path / "it"
    script.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" > {tmp_path}/seen\n')
    script.chmod(0o755)
    assert await run(str(script), *odd) == ""
    assert (tmp_path / "seen").read_bytes().decode().split("\0")[:-1] == odd


PROBLEMS: dict[str, tuple[Callable[[Path], tuple[str, ...]], str]] = {
    "an exit code": (lambda _: ("/bin/sh", "-c", "exit 3"), "exit code 3"),
    "a signal": (lambda _: ("/bin/sh", "-c", "kill -SEGV $$"), "it was ended by SIGSEGV"),
    "missing": (lambda f: (str(f / "none"),), "it cannot be run: No such file or directory"),
    "a folder": (lambda f: (str(f),), "it cannot be run: Permission denied"),
    "not executable": (
        lambda f: (str(written(f / "it", "#!/bin/sh\n", 0o644)),),
        "it cannot be run: Permission denied",
    ),
    "no program": (
        lambda f: (str(written(f / "it", "exit 0\n", 0o755)),),
        "it cannot be run: Exec format error",
    ),
    "an interpreter that is missing": (
        lambda f: (str(written(f / "it", "#!/no/such\n", 0o755)),),
        "it cannot be run: No such file or directory",
    ),
}


def written(path: Path, text: str, mode: int) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("case", PROBLEMS)
async def test_why_it_failed_is_said(case: str, tmp_path: Path) -> None:
    command, problem = PROBLEMS[case]
    assert await run(*command(tmp_path)) == problem


HANGING = {
    "sleeps": "echo $$ >> MARKS; sleep 1000",
    "ignores signals": "trap '' TERM INT HUP; echo $$ >> MARKS; while :; do sleep 1000; done",
    "forks": "sleep 1000 & echo $! >> MARKS; sleep 1000 & echo $! >> MARKS; wait",
    "is stopped": "echo $$ >> MARKS; kill -STOP $$",
    "prints without end": "echo $$ >> MARKS; exec yes",
    "reads nothing": "exec <&-; echo $$ >> MARKS; sleep 1000",
    "closes its output": "exec >&- 2>&-; echo $$ >> MARKS; sleep 1000",
}


@pytest.mark.parametrize("case", HANGING)
async def test_what_hangs_is_ended_at_the_end_of_its_time(case: str, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    for timeout, words in ((0.5, "500ms"), (5.0, "5s"), (50.0, "50s")):
        problem = await sh(HANGING[case].replace("MARKS", str(marks)), timeout=timeout)
        assert problem == f"it did not end within {words}"
        if marks.exists() and marks.read_text():  # else this machine was too busy to begin
            break
    assert marks.read_text()
    assert alive(marks) == []


LEAVING = {
    "in the background": "sleep 1000 & echo $! >> MARKS",
    "that ignores signals": "(trap '' TERM HUP; exec sleep 1000) & echo $! >> MARKS",
    "in a session of its own": (
        "setsid sh -c 'echo $$ >> MARKS; exec sleep 1000' & "
        "while ! test -s MARKS; do sleep 0.01; done"
    ),
    "a daemon, forked twice": (
        "(setsid sh -c '(echo $$ >> MARKS; sleep 1000 & echo $! >> MARKS; wait) &' &); "
        "while ! test -s MARKS; do sleep 0.01; done"
    ),
    "that keeps the output open": "sleep 1000 & echo $! >> MARKS; echo said",
}


@pytest.mark.parametrize("case", LEAVING)
async def test_what_it_leaves_behind_is_ended(
    case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "route_switcher")
    marks = tmp_path / "marks"
    assert await sh(LEAVING[case].replace("MARKS", str(marks))) == ""
    assert marks.read_text()
    assert alive(marks) == []
    assert any("behind, which were ended" in message for message in caplog.messages)


async def test_what_it_prints_is_in_the_log_cut_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "route_switcher")
    assert await sh("echo one; echo two >&2; head -c 5000000 /dev/zero | tr '\\0' x") == ""
    texts = [message.split(": ", 1)[1] for message in caplog.messages]
    assert texts[:2] == ["one", "two"]
    assert len(texts[2]) == 201
    assert texts[3] == "… (5,000,008 bytes in all)"
    assert texts[4].startswith("done in ")


async def test_who_prints_gigabytes_takes_no_memory_and_little_time() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    assert await sh("exec yes", timeout=1.0) == "it did not end within 1s"
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_maxrss - before.ru_maxrss < 20_000  # kB


async def test_when_the_engine_ends_so_does_the_program(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sh, f"setsid sh -c 'echo $$ > {marks}; exec sleep 1000'")
        await until(lambda: marks.exists() and bool(marks.read_text().strip()))
        nursery.cancel_scope.cancel()
    assert alive(marks) == []


async def test_it_has_the_signals_that_programs_expect(tmp_path: Path) -> None:
    assert await sh(f"grep -E '^Sig(Blk|Ign)' /proc/self/status > {tmp_path}/it") == ""
    of_the_c_library = 1 << 31 | 1 << 32  # 32 and 33 (signal(7)), which nobody else can set
    for line in (tmp_path / "it").read_text().splitlines():
        assert int(line.split()[1], 16) & ~of_the_c_library == 0, line


async def test_it_gets_no_descriptor_of_ours(tmp_path: Path) -> None:
    assert await sh(f"ls /proc/self/fd > {tmp_path}/it") == ""
    # The last one is the folder that ls reads.
    assert (tmp_path / "it").read_text().split() == ["0", "1", "2", "3"]


async def test_no_more_than_some_run_at_a_time(tmp_path: Path) -> None:
    running = Programs()
    marks = tmp_path / "marks"
    script = f"echo >> {marks}; while ! test -e {tmp_path}/go; do sleep 0.02; done"
    hooks = [Hook(HookKind.ON_SWITCH, ("/bin/sh", "-c", script, str(n))) for n in range(12)]
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for hook in hooks:
                effect = RunHook(trio.current_time(), hook, moment(), 1)
                nursery.start_soon(running.run, effect, POLICY)
            await until(lambda: marks.exists() and len(marks.read_bytes()) >= programs.AT_ONCE)
            await trio.testing.wait_all_tasks_blocked(0.2)
            assert len(marks.read_bytes()) == programs.AT_ONCE
            (tmp_path / "go").touch()
    assert len(marks.read_bytes()) == len(hooks)


async def test_where_no_process_can_be_started_that_is_the_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/no/such/python")
    assert await sh("exit 0") == "it cannot be started: No such file or directory"


async def test_where_no_thread_can_be_started_that_is_the_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("trio._threads.start_thread_soon", no_thread)
    assert await sh("exit 0") == "it cannot be started: can't start new thread"


async def test_an_argument_that_cannot_be_written_here_is_the_problem() -> None:
    problem = await run("/bin/echo", "half \ud83d")
    assert problem == r"it cannot be started: utf-8 has no 'half \ud83d'"


async def test_a_supervisor_that_is_killed_is_told_of(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    problem = await sh(f"echo $$ > {marks}; kill -KILL $PPID; exec sleep 1000")
    assert problem == "what ran it has ended by itself (it was ended by SIGKILL)"
    await until(lambda: not alive(marks))
