"""The engine beside each program that docs/other-writers.md names, through the life of its leases.

Each test has both lines by the program as the page sets it up, and traffic all the time.
"""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import ge
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.policy import OWN_TABLE
from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab
from support import recipes, written_writers
from support.advertised_line import advertised_line
from support.leased_line import LeasedLine, lease, leased_line
from support.machine_cost import A_MOMENT, MachineCost
from support.route_writers import default_routes, logs_shown
from support.running import Engine, eventually
from support.tables import Recorder, rules, wait_for_our_routes, wait_until_taken
from support.written_writers import Recipe, Written

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

SOON = {"seconds": 60, "renew_after": 2}
BRIEF = {"seconds": 20, "renew_after": 4}
"""As short as every client takes it."""
A_SECOND = 1000
"""Packets."""


@dataclass
class Beside:
    """A lab whose two lines are the program's, and an engine."""

    lab: Lab
    lines: tuple[LeasedLine, LeasedLine]
    policy_file: Path
    engine: Engine
    engines: ExitStack
    written: Written

    def restart_engine(self) -> None:
        self.engine.end(signal.SIGKILL)
        self.engine = self.engines.enter_context(Engine(self.lab, str(self.policy_file)))
        self.engine.wait_for_health("fibre", "lte")

    def gateway(self) -> str:
        """Where our route by the first line leads."""
        routes = default_routes(self.lab, OWN_TABLE)
        return next((r.gateway for r in routes if r.interface == "eth0"), "")

    def ours(self) -> tuple[str, ...]:
        """Our rules, and our routes in every table, by content."""
        shown = self.lab.run(ROUTER, "ip", "route", "show", "table", "all", "proto", str(PROTOCOL))
        return tuple(sorted(shown.splitlines())) + tuple(
            line for line in rules(self.lab).splitlines() if f"proto {PROTOCOL}" in line
        )


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Callable[[Recipe], Beside]]:
    """Start the engine, then the program; returns when both lines are healthy."""
    with ExitStack() as stack:

        def begin(recipe: Recipe) -> Beside:
            stack.enter_context(logs_shown())
            lab = stack.enter_context(Lab())
            first, second = (stack.enter_context(leased_line(lab, u)) for u in lab.uplinks)
            for line in (first, second):
                line.server.lease = lease(line.uplink, line.gateway, **SOON)
            file = tmp_path / "policy.yaml"
            file.write_text(recipes.policy() + _checks(lab))
            engines = stack.enter_context(ExitStack())
            engine = engines.enter_context(Engine(lab, str(file)))
            engine.wait_for("start", since=0)
            running = Beside(lab, (first, second), file, engine, engines, recipe(lab))
            engine.wait_for_health("fibre", "lte")
            wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), table=OWN_TABLE)
            wait_until_taken(lab, "eth0")
            return running

        yield begin


def _checks(lab: Lab, family: Family = Family.IPV4) -> str:
    targets = ", ".join(f"'{target}'" for target in lab.targets(family)[:2])
    return (
        f"probes: {{internet: {{type: icmp, targets: [{targets}],"
        " interval: 50ms, timeout: 50ms}}\n"
        # So many rounds in a row no busy machine loses; what fails here is a lease.
        "rules: [{name: no-internet, fail: {failures: 40}, recover: {stable: 300ms}}]\n"
    )


@contextmanager
def traffic(
    lab: Lab, engine: Engine, most: int, what: str, family: Family = Family.IPV4
) -> Iterator[None]:
    """What happens meanwhile may cost so many packets at most, and what the machine keeps back;
    `pytest -rP` shows how many."""
    with (
        MachineCost(lab, engine.process.pid) as machine,
        PacketStream(lab, target=lab.targets(family)[0]) as stream,
    ):
        eventually(lambda: stream.sent > 100, "the stream")
        yield
        stream.stop()
        outage, kept_back = stream.outage(), machine.up_to_now()
    sys.stdout.write(f"{what}: {outage.lost} packets lost, {outage.milliseconds:.0f} ms\n")
    assert outage.lost <= kept_back.allows(most), f"{what}: {kept_back}"


EVERY_PROGRAM = [
    pytest.param(written_writers.ifupdown, 3 * A_SECOND, id="ifupdown"),
    pytest.param(written_writers.udhcpc, 3 * A_SECOND, id="udhcpc"),
    pytest.param(written_writers.dhcpcd, A_SECOND, id="dhcpcd"),
    pytest.param(written_writers.networkd_left_alone, A_SECOND, id="networkd"),
    pytest.param(written_writers.networkd_told, A_SECOND, id="networkd-told"),
    pytest.param(written_writers.network_manager, A_SECOND, id="NetworkManager"),
]
"""And how many packets its restart may cost."""


@pytest.mark.parametrize(("recipe", "most"), EVERY_PROGRAM)
def test_through_the_life_of_a_lease_and_restarts_of_both(
    recipe: Recipe, most: int, beside: Callable[[Recipe], Beside]
) -> None:
    running = beside(recipe)
    lab, line = running.lab, running.lines[0]
    # dhclient and its hook write one after the other, and only the hook says from which address.
    _await_renewals(running.lines, 2)
    running.engine.wait_for("notice", "the kernel sends the traffic through fibre", since=0)
    running.engine.wait_for_health("fibre", "lte")
    before = running.ours()
    since = running.engine.now

    with traffic(lab, running.engine, A_MOMENT, "renewals"), Recorder(lab, OWN_TABLE) as recorder:
        _await_renewals((line,), 2)
        assert recorder.messages() == []

    with traffic(lab, running.engine, A_MOMENT, "a new gateway"):
        line.server.lease = lease(line.uplink, line.other, **SOON)
        eventually(lambda: running.gateway() == str(line.other), "our route by the new gateway")
        line.server.lease = lease(line.uplink, line.gateway, **SOON)
        eventually(lambda: running.gateway() == str(line.gateway), "our route by the old gateway")
    assert running.engine.said("decision", since) == []
    eventually(lambda: running.ours() == before, "our routes and rules as before")

    with traffic(lab, running.engine, most, "a restart of the program"):
        running.written.restart()
        # When a client asks again it has written what it was given before.
        _await_renewals(running.lines, 2)
        wait_until_taken(lab, "eth0")
        eventually(lambda: running.ours() == before, "our routes and rules as before")
    running.engine.wait_for_health("fibre", "lte")

    with (
        traffic(lab, running.engine, A_MOMENT, "a restart of the engine"),
        Recorder(lab, OWN_TABLE) as recorder,
    ):
        running.restart_engine()
        assert recorder.messages() == []
    assert running.ours() == before

    line.server.lease = brief = lease(line.uplink, line.gateway, **BRIEF)
    eventually(lambda: line.server.acknowledged[-1] == brief, "a brief lease")
    since = running.engine.now
    with traffic(lab, running.engine, A_SECOND, "a lost lease"):
        line.server.lease = None
        running.engine.wait_for("decision", previous="fibre", selected="lte", since=since)
        wait_until_taken(lab, "eth1")
        line.server.lease = lease(line.uplink, line.gateway, **SOON)
        running.engine.wait_for("decision", previous="lte", selected="fibre", since=since)
        wait_until_taken(lab, "eth0")
    eventually(lambda: running.ours() == before, "our routes and rules as before")


def test_routers_that_the_kernel_learns(lab: Lab, tmp_path: Path) -> None:
    """They say farewell and come back, as at a restart, and the engine is started again."""
    title = "IPv6 by router advertisements"
    (settings,) = recipes.files(title).values()
    lab.run(ROUTER, "sysctl", "-q", "-p", "-", given=settings)
    file = tmp_path / "policy.yaml"
    file.write_text(recipes.policy(title) + _checks(lab, Family.IPV6))
    with ExitStack() as stack:
        first, _ = (stack.enter_context(advertised_line(lab, uplink)) for uplink in lab.uplinks)
        engine = stack.enter_context(Engine(lab, str(file)))
        engine.wait_for_health("fibre", "lte", family=Family.IPV6)
        wait_until_taken(lab, "eth0", Family.IPV6)
        since = engine.now
        with traffic(lab, engine, A_MOMENT, "refreshed", Family.IPV6):
            first.advertise(lifetime=900)
        assert engine.said("decision", since) == []
        with traffic(lab, engine, A_SECOND, "a farewell", Family.IPV6):
            first.advertise(lifetime=0)
            engine.wait_for("decision", previous="fibre", selected="lte", since=since)
            wait_until_taken(lab, "eth1", Family.IPV6)
            first.advertise()
            engine.wait_for("decision", previous="lte", selected="fibre", since=since)
            wait_until_taken(lab, "eth0", Family.IPV6)
        stack.enter_context(traffic(lab, engine, A_MOMENT, "a restart of the engine", Family.IPV6))
        with Recorder(lab, OWN_TABLE) as recorder:
            engine.end(signal.SIGKILL)
            again = stack.enter_context(Engine(lab, str(file)))
            again.wait_for_health("fibre", "lte", family=Family.IPV6)
            assert recorder.messages() == []


def _await_renewals(lines: Sequence[LeasedLine], more: int) -> None:
    """Wait for so many more of each."""
    wanted = [len(line.server.acknowledged) + more for line in lines]

    def given() -> list[int]:
        return [len(line.server.acknowledged) for line in lines]

    eventually(lambda: all(map(ge, given(), wanted)), f"{more} renewals")
