"""A lab with the engine at work in its router and the stream through it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from faults.policy import Settings, policy_text
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab
from support.running import Engine, NotInTimeError
from support.tables import our_routes

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

    def write_policy(self, gateways: Mapping[str, IPv4Address]) -> None:
        """Write the policy anew, with other gateways."""
        self.policy_file.write_text(policy_text(self.lab, self.settings, gateways))

    def wait_for_rounds(self, count: int, since: int) -> None:
        """Wait until each uplink has had so many rounds after record number `since`."""

        def enough() -> bool:
            rounds = [record.fields["uplink"] for record in self.engine.said("round", since)]
            return all(rounds.count(uplink.name) >= count for uplink in self.lab.uplinks)

        wait_until(enough, f"{count} rounds", PATIENCE + count)

    def moves(self, since: int) -> tuple[str, ...]:
        """What the engine has selected after record number `since`."""
        return tuple(str(d.fields["selected"]) for d in self.engine.said("decision", since))


def start_engine(lab: Lab, policy_file: Path, **environment: str) -> Engine:
    """The engine, telling every round."""
    return Engine(lab, str(policy_file), "--log-level", "debug", **environment)


@contextmanager
def bench(
    folder: Path,
    settings: Settings,
    environment: Mapping[str, str] | None = None,
    prepare: Callable[[Lab], None] = lambda _: None,
) -> Iterator[Bench]:
    """A bench with both uplinks healthy, the primary active, and the stream under way.

    `prepare` is done before the engine starts.
    """
    with Lab(uplinks=settings.uplinks) as lab:
        prepare(lab)
        policy_file = folder / "policy.yaml"
        policy_file.write_text(policy_text(lab, settings))
        with start_engine(lab, policy_file, **(environment or {})) as engine:
            engine.wait_for_health(*(uplink.name for uplink in lab.uplinks))
            preferred = {(uplink.interface, uplink.metric) for uplink in lab.uplinks}
            wait_until(lambda: our_routes(lab) == preferred, "standing routes")
            with PacketStream(lab, seconds=600) as stream:
                wait_until(lambda: stream.outage().sent > 100, "the stream")
                yield Bench(lab, engine, stream, policy_file, settings)
