"""What a person, or a program for him, orders of a running engine."""

from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.core.vocabulary.events import LastDelivered
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.policy import Policy


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A reload was asked for, and its policy is sound.

    The engine is told of it by a `Reload`, which also says what the kernel has by then.
    """

    policy: Policy


Command: TypeAlias = NewPolicy | Switch | Drill | Release | LastDelivered
"""The time `at` is set when it is carried out."""
