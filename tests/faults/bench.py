"""A lab with the engine at work in its router and the stream through it."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from faults.lines import Line
from faults.policy import Settings, names, policy_text, preferred
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab
from support.running import Engine, ForkedEngine, NotInTimeError
from support.tables import Key, our_routes

PATIENCE = 90.0
"""Seconds; far more than anything takes, for machines that are busy."""

_LOOK = 0.01


def wait_until(true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Return as soon as `true()` is. Raises NotInTimeError."""
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            raise NotInTimeError(f"not within {patience:g} s: {what}")
        time.sleep(_LOOK)


@dataclass(slots=True)
class Bench:
    """What an act can lay hands on."""

    lab: Lab
    engine: Engine
    stream: PacketStream
    policy_file: Path
    settings: Settings
    engines: ExitStack
    """Ends every engine."""
    lines: tuple[Line, ...] = ()
    """Those whose gateways the policy does not write."""
    went_on: float = 0.0
    """When the engine's process went on last, after it was stopped (`time.monotonic`)."""
    knows_since: float = 0.0
    """Since when the engine could know of the step's fault; an act may set it later."""

    @property
    def family(self) -> Family:
        """The one whose packets are counted and whose routes are judged."""
        return self.settings.families[0]

    @property
    def routes(self) -> set[Key]:
        """Our routes of that family that the traffic takes."""
        return our_routes(self.lab, self.family, self.settings.table)

    def write_policy(self, gateways: Mapping[str, Address]) -> None:
        """Write the policy with other gateways."""
        self.policy_file.write_text(policy_text(self.lab, self.settings, gateways))

    def change_policy(
        self,
        names: tuple[str, ...] | None = None,
        families: tuple[Family, ...] | None = None,
    ) -> None:
        """Write the policy with other names of the uplinks, or other families."""
        settings = self.settings
        self.settings = replace(
            settings, names=names or settings.names, families=families or settings.families
        )
        self.write_policy({})

    def restart(self) -> None:
        """End the engine and start it again; returns when both uplinks are healthy."""
        self.engine.end(signal.SIGTERM)
        self.engine = self.engines.enter_context(start_engine(self.lab, self.policy_file))
        self.engine.wait_for_health(*names(self.settings, self.family), family=self.family)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Meanwhile the engine's process stands still."""
        self.engine.send(signal.SIGSTOP)
        try:
            state = Path(f"/proc/{self.engine.process.pid}/stat")
            wait_until(lambda: state.read_text().rpartition(") ")[2][0] == "T", "the stop")
            yield
        finally:
            self.went_on = time.monotonic()
            self.engine.send(signal.SIGCONT)

    def wait_for_rounds(self, count: int, since: int) -> None:
        """Wait until each uplink has had so many rounds after record number `since`."""

        def enough() -> bool:
            rounds = [record.fields["uplink"] for record in self.engine.said("round", since)]
            uplinks = names(self.settings, self.family)
            return all(rounds.count(uplink) >= count for uplink in uplinks)

        wait_until(enough, f"{count} rounds", PATIENCE + count)

    def wait_for_packets(self, count: int) -> None:
        """Wait until the stream has sent so many more."""
        enough = self.stream.sent + count
        wait_until(lambda: self.stream.sent >= enough, f"{count} packets")

    def moves(self, since: int) -> tuple[str, ...]:
        """What the engine has selected after record number `since`."""
        return tuple(str(d.fields["selected"]) for d in self.engine.said("decision", since))


def start_engine(lab: Lab, policy_file: Path, first: str = "", **environment: str) -> Engine:
    """The engine, telling every round; `first`: see `Forked`."""
    words = str(policy_file), "--log-level", "debug"
    if first:
        return ForkedEngine(lab, *words, first=first, **environment)
    return Engine(lab, *words, **environment)


@contextmanager
def bench(
    folder: Path,
    settings: Settings,
    environment: Mapping[str, str] | None = None,
    prepare: Callable[[Lab], None] = lambda _: None,
    first: str = "",
) -> Iterator[Bench]:
    """A bench with both uplinks healthy, the primary active, and the stream under way.

    `prepare` is done before the engine starts, and `first` by its process (`Forked`).
    """
    family = settings.families[0]
    with Lab(uplinks=settings.uplinks) as lab, ExitStack() as opened, ExitStack() as engines:
        lines = opened.enter_context(settings.lines.opened(lab)) if settings.lines else ()
        prepare(lab)
        policy_file = folder / "policy.yaml"
        policy_file.write_text(policy_text(lab, settings))
        engine = engines.enter_context(start_engine(lab, policy_file, first, **(environment or {})))
        routes = preferred(lab, settings)
        for each in settings.families:
            engine.wait_for_health(*names(settings, each), family=each)
            wait_until(
                lambda f=each: our_routes(lab, f, settings.table) == routes,  # type: ignore[misc]
                "standing routes",
            )
        with PacketStream(lab, target=lab.targets(family)[0], seconds=600) as stream:
            ready = Bench(lab, engine, stream, policy_file, settings, engines, lines)
            ready.wait_for_packets(100)
            yield ready
