"""Programs that are run after something happened."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from route_switcher.core.vocabulary.uplinks import Family, UplinkId


class HookKind(Enum):
    """When a program is run. The values are the keys of the policy."""

    ON_SWITCH = "on_switch"
    """Another uplink of a family was selected, and its route stands. Also the first one."""
    ON_UPLINK_DOWN = "on_uplink_down"
    """An uplink has failed, active or not."""
    ON_UPLINK_UP = "on_uplink_up"
    """An uplink that had failed is healthy again."""
    ON_ALL_DOWN = "on_all_down"
    """No uplink of a family works any more."""
    ON_ALL_UP = "on_all_up"
    """After that, one answers again."""

    # As a part of keys it is hashed all the time, and each is one object.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Hook:
    """A program with its arguments. Times are seconds."""

    kind: HookKind
    run: tuple[str, ...]
    """The absolute path of the program, and its arguments. No shell reads them."""
    timeout: float = 10.0
    """How long one run may take."""
    attempts: int = 3
    """How often it is run until it ends with exit code 0."""

    @property
    def label(self) -> str:
        """What a person calls it."""
        return f"{self.kind.value} {self.run[0]}"


HookSubject: TypeAlias = Family | UplinkId
"""What a hook is about: the family, or for `on_uplink_*` the uplink. Runs are merged by it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What hooks were told last, as far as it was delivered: the state that the next start begins
    with."""

    switched: tuple[tuple[tuple[str, ...], Family, str], ...] = ()
    """For each program of `on_switch` and family: the interface of the active uplink."""
    down: frozenset[UplinkId] = frozenset()
    """The uplinks that were last told to be down."""
    all_down: frozenset[Family] = frozenset()
    """The families of which all uplinks were last told to be down."""
