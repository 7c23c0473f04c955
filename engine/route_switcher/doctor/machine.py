"""What was read of the machine: the one thing that checks judge."""

from dataclasses import dataclass

from route_switcher.doctor.network import Network


@dataclass(frozen=True, slots=True)
class Machine:
    """This network namespace, all read at about the same time. What could not be read is
    `Unread`."""

    network: Network
