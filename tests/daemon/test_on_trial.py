"""A policy on trial: it stays only if somebody confirms it, whatever happens meanwhile."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from daemon.test_control_socket import Controlled, controlled
from route_switcher.control.protocol import request
from route_switcher.daemon.control import kept_file, trial_file
from route_switcher.daemon.control.listener import Listener
from route_switcher.daemon.control.trial_file import Trial, digest, first_policy
from route_switcher.policy.load import Written, load_written_text
from route_switcher.policy.problems import PolicyProblems, Problem
from support.world import policy, uplink

pytestmark = pytest.mark.usefixtures("threads_take_no_time")

OLD, NEW = "at the start", "new"


def swapped() -> Written:
    """The other uplink is preferred."""
    primary, secondary = policy().uplinks
    return Written(
        policy(replace(secondary, metric=10), replace(primary, metric=20)),
        NEW,
    )


async def reload(it: Controlled, written: Written, seconds: float | None = 60) -> dict[str, object]:
    it.file = written
    reply = await (await it.connect()).ask(request("reload", confirm_seconds=seconds))
    assert reply["ok"], reply
    return reply


async def confirm(it: Controlled) -> dict[str, object]:
    return await (await it.connect()).ask(request("confirm"))


async def confirmation(it: Controlled) -> str | None:
    reply = await (await it.connect()).ask(request("status"))
    found = reply["status"]["confirmation"]
    return found and str(found["state"])


async def active(it: Controlled) -> str | None:
    return it.world.service.status().families[0].active


async def test_unless_it_is_confirmed_the_policy_from_before_counts_again(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        reply = await reload(it, swapped())
        assert (reply["kept"], reply["confirm_seconds"]) == (True, pytest.approx(60, abs=1))
        await trio.sleep(58)
        assert (await active(it), await confirmation(it)) == ("secondary", "awaited")
        await trio.sleep(4)
        assert (await active(it), await confirmation(it)) == ("primary", "missed")
        assert await it.world.metrics() == {"eth0": 10, "eth1": 20}
        late = await confirm(it)
        assert (late["ok"], late["error"]) == (False, "refused")
        assert "it is too late" in str(late["messages"])
        # Who reloads wants what the file says.
        await reload(it, it.file, None)
        assert (await active(it), await confirmation(it)) == ("secondary", None)


async def test_a_confirmed_one_stays(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        await reload(it, swapped())
        reply = await confirm(it)
        assert (reply["ok"], reply["kept"]) == (True, True)
        await trio.sleep(1000)
        assert (await active(it), await confirmation(it)) == ("secondary", None)
        assert not (place.parent / "trial").exists()
        reply = await confirm(it)
        assert (reply["ok"], reply["messages"]) == (False, ["no confirmation is awaited"])


async def test_a_further_reload_neither_confirms_nor_delays_the_way_back(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        await reload(it, swapped())
        await trio.sleep(30)
        third = Written(policy(uplink("lte", 0), uplink("secondary", 1)), "third")
        reply = await reload(it, third, None)
        assert reply["confirm_seconds"] == pytest.approx(30, abs=2)
        assert "a confirmation is still awaited" in str(reply["messages"])
        assert await active(it) == "lte"
        await trio.sleep(33)
        assert (await active(it), await confirmation(it)) == ("primary", "missed")


async def test_a_second_trial_has_its_own_end_and_the_same_way_back(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        await reload(it, swapped())
        await trio.sleep(30)
        third = Written(policy(uplink("lte", 0), uplink("secondary", 1)), "third")
        await reload(it, third, 100)
        await trio.sleep(90)
        assert (await active(it), await confirmation(it)) == ("lte", "awaited")
        await trio.sleep(15)
        assert (await active(it), await confirmation(it)) == ("primary", "missed")


async def test_reloading_the_policy_from_before_ends_the_trial(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        before = it.file
        reply = await reload(it, before)
        assert reply["confirm_seconds"] is None
        await reload(it, swapped())
        reply = await reload(it, before, None)
        assert "nothing to confirm" in str(reply["messages"])
        await trio.sleep(100)
        assert (await active(it), await confirmation(it)) == ("primary", None)


async def test_a_policy_that_is_refused_begins_no_trial_and_ends_none(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        await reload(it, swapped())
        del it.file
        reply = await (await it.connect()).ask(request("reload", confirm_seconds=600))
        assert not reply["ok"]
        await trio.sleep(63)
        assert (await active(it), await confirmation(it)) == ("primary", "missed")


async def test_the_way_back_keeps_an_order_and_gives_one_again_that_the_trial_ended(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    def order() -> str | None:
        override = it.world.service.status().families[0].override
        return None if override is None else override.uplink

    async with controlled(listener, place) as it:
        await trio.sleep(10)
        client = await it.connect()
        assert (await client.ask(request("switch", uplink="secondary", seconds=3600)))["ok"]
        await reload(it, swapped())
        await trio.sleep(63)
        assert (order(), await active(it)) == ("secondary", "secondary")
        without = Written(policy(uplink("primary", 0)), "without")
        await reload(it, without)
        assert (order(), await active(it)) == (None, "primary")
        # An order that is refused changes nothing of that.
        it.world.lines["primary"].works = False
        await trio.sleep(10)
        refused = await (await it.connect()).ask(request("switch", uplink="primary"))
        assert refused["error"] == "refused"
        it.world.lines["primary"].works = True
        await trio.sleep(53)
        assert order() == "secondary"
        await trio.sleep(100)  # it must prove itself, as after any time without rounds
        assert await active(it) == "secondary"
        (kept,) = json.loads((place.parent / "orders").read_text())["orders"]
        assert kept["uplink"] == "secondary"
        # Who takes orders back on trial does not get them again.
        await reload(it, without)
        assert (await (await it.connect()).ask(request("release")))["ok"]
        await trio.sleep(100)
        assert (order(), await active(it)) == (None, "primary")


async def test_a_drill_that_ended_on_trial_does_not_end_again(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with controlled(listener, place) as it:
        await trio.sleep(30)
        client = await it.connect()
        assert (await client.ask(request("drill", uplink="secondary", seconds=20)))["ok"]
        await reload(it, Written(policy(), "the same in other words"))
        await trio.sleep(70)
        assert await confirmation(it) == "missed"
    assert sum("the drill of secondary has ended" in line for line in caplog.messages) == 1
    assert "kept over the trial" not in caplog.text


async def test_where_the_disk_takes_nothing_it_says_so_and_goes_back_all_the_same(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        monkeypatch.setattr(kept_file, "state_folders", lambda: (Path("/proc/nowhere"),))
        assert (await reload(it, swapped()))["kept"] is False
        assert "a restart would take the policy as if it were confirmed" in caplog.text
        await trio.sleep(63)
        assert await active(it) == "primary"


async def test_the_log_says_that_a_confirmation_is_awaited_and_how_long_still(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        await reload(it, swapped())
        await trio.sleep(100)
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    waits = [line.rpartition(" in ")[2] for line in said if "`route-switcher confirm`" in line]
    assert waits == ["1 min", "30 s", "15 s", "8 s"] or waits == ["1 min", "30 s", "15 s", "7 s"]
    assert any(line.startswith("nobody confirmed the policy: the one from") for line in said)


# What a start takes.

TEXT = "version: 1\nuplinks: {a: {interface: eth0, gateway: 192.0.2.1}}\n"
OTHER = TEXT.replace("eth0", "eth1")
THIRD = TEXT.replace("eth0", "eth2")


def unsound() -> Written:
    raise PolicyProblems("it", [Problem("unreadable", "it cannot be read")])


def reading(text: str) -> Callable[[], Written]:
    return lambda: load_written_text(text, "it")


def keep(place: Path, until: float) -> None:
    """An engine before us put OTHER on trial after TEXT."""
    trial_file.write(Trial(until, load_written_text(TEXT, "it"), digest(OTHER)))
    assert (place.parent / "trial").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("ends_in", "read", "takes", "on_trial", "missed"),
    [
        (60, reading(OTHER), OTHER, True, False),
        (60, reading(THIRD), THIRD, True, False),
        (60, unsound, TEXT, True, True),
        (60, reading(TEXT), TEXT, False, False),
        (-60, reading(OTHER), TEXT, True, True),
        (-60, reading(THIRD), THIRD, False, False),
        (-60, unsound, TEXT, True, True),
    ],
)
def test_a_start_takes_the_policy_that_a_running_engine_would_have(
    place: Path,
    ends_in: float,
    read: Callable[[], Written],
    takes: str,
    on_trial: bool,
    missed: bool,
) -> None:
    keep(place, time.monotonic() + ends_in)
    first = first_policy(read)
    assert (first.written.text, first.trial is not None, first.missed) == (takes, on_trial, missed)
    assert bool(first.lines) == missed


def other_boot(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = file.with_name("boot_id")
    boot.write_text("another\n")
    monkeypatch.setattr(kept_file, "_BOOT", boot)


def spoil(file: Path, **keys: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | keys))


SPOILT: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "a reboot": other_boot,
    "another network": lambda file, _: spoil(file, network=1),
    "a text that is no policy": lambda file, _: spoil(file, before="uplinks: []"),
    "no text": lambda file, _: spoil(file, before=None),
    "no end": lambda file, _: spoil(file, until="soon"),
    "half of it": lambda file, _: file.write_text(file.read_text()[:50]),
    "bytes": lambda file, _: file.write_bytes(b"\xff"),
    "nothing": lambda file, _: file.unlink(),
}


@pytest.mark.parametrize("way", SPOILT)
def test_what_is_not_as_we_wrote_it_in_this_boot_is_no_trial(
    place: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    keep(place, time.monotonic() - 60)
    SPOILT[way](place.parent / "trial", monkeypatch)
    first = first_policy(reading(OTHER))
    assert (first.written.text, first.trial) == (OTHER, None)
    with pytest.raises(PolicyProblems):
        first_policy(unsound)


async def test_a_trial_goes_on_after_a_restart_and_ends_as_it_would_have(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    trial = Trial(time.monotonic() + 60, Written(policy(), OLD), digest(NEW))
    first = trial_file.First(swapped(), trial)
    async with controlled(listener, place, swapped().policy, first) as it:
        await trio.sleep(50)
        assert (await active(it), await confirmation(it)) == ("secondary", "awaited")
        await trio.sleep(13)
        assert (await active(it), await confirmation(it)) == ("primary", "missed")


async def test_a_start_without_a_trial_takes_away_what_is_left_of_one(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    keep(place, time.monotonic() - 60)
    async with controlled(listener, place):
        await trio.sleep(1)
        assert not (place.parent / "trial").exists()
