"""The warning after an uplink has been silent for long: no round says anything of it."""

from math import inf

from route_switcher.core.vocabulary.outputs import Level, Notice


class Silence:
    """Of one uplink. It is told once, and again only after a round has said something."""

    __slots__ = ("longest", "warn_at")

    def __init__(self, longest: float) -> None:
        self.longest = longest
        """Seconds of silence after which a person is told."""
        self.warn_at = inf
        """When to call `news`; inf: nothing is waited for, or it was told."""

    def restart(self, at: float) -> None:
        """Something is known of the uplink, or it is asked for the first time."""
        self.warn_at = at + self.longest

    def news(self, at: float, label: str, reason: str) -> list[Notice]:
        """What to tell of the uplink that a person calls `label`; `reason` says why the latest
        round was unknown."""
        if at < self.warn_at:
            return []
        self.warn_at = inf
        text = f"{label}: nothing is known of it for {self.longest:g} s: {reason}"
        return [Notice(at, Level.WARNING, text)]
