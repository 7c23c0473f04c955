"""What the engine, and the user that asks, may do on this machine."""

from dataclasses import dataclass

from route_switcher.other_writers import OtherWriter


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of the lock and the control socket."""

    path: str
    trouble: str | None = None
    """Why an engine of this user would not take it."""
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """The unit that starts the engine (systemd.exec(5))."""

    file: str
    user: str
    """`root`, or whom it says; empty: one of its own for each start (DynamicUser=)."""
    lacks: tuple[str, ...] = ()
    """The capabilities that it needs and does not get."""
    policy: str = ""
    """The file that it runs."""
    unreadable: tuple[str, ...] = ()
    """Commands that let its user read the policy."""
    read_only: str | None = None
    """The file system in which it cannot keep orders, by its mount point."""
    hides_run_folder: bool = False
    """Nobody else finds its runtime folder, and so the control socket: systemd puts that of a user
    of its own below /run/private, if it is to be preserved."""


@dataclass(frozen=True, slots=True)
class Access:
    """All of it."""

    is_root: bool
    lacks: tuple[str, ...]
    """The capabilities that an engine needs, and this user does not have."""
    policy_writers: tuple[OtherWriter, ...]
    """Who else may change the policy."""
    run_folder: RunFolder
    service: Service | None
    """None: no unit is installed."""
