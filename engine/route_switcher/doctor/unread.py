"""What stands in a `Machine` in the place of something that could not be read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unread:
    """It could not be read; `reason` says why, in words."""

    reason: str
