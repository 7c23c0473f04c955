"""The warning after an uplink has been silent for long: no round says anything of it.

An active uplink of which nothing is known is blind: if it died, the traffic would stay on it. So
that is an error, and told again and again, ever more rarely.
"""

from math import inf

from route_switcher.core.reminder import FIRST_REMINDER, LONGEST_REMINDER
from route_switcher.core.vocabulary.outputs import Level, Notice

_REMEDIES = {"firewall": "nft list ruleset"}
"""By a word of the reason: the command that shows what is behind it."""


class Silence:
    """Of one uplink. Unless it is active, it is told once, and again only after a round has said
    something."""

    __slots__ = ("_pause", "_since", "longest", "warn_at")

    def __init__(self, longest: float) -> None:
        self.longest = longest
        """Seconds of silence after which a person is told."""
        self.warn_at = inf
        """When to call `news`; inf: nothing is waited for, or it was told."""
        self._since = inf
        """When it began; inf: it is not asked yet."""
        self._pause = FIRST_REMINDER

    def restart(self, at: float) -> None:
        """Something is known of the uplink, or it is asked for the first time."""
        self._since, self._pause = at, FIRST_REMINDER
        self.warn_at = at + self.longest

    def on_selected(self) -> None:
        """Its uplink carries the traffic from now on: what was told before matters more now."""
        self.warn_at, self._pause = min(self.warn_at, self._since + self.longest), FIRST_REMINDER

    def fast_forward(self, delta: float) -> None:
        """Behave as if it had begun `delta` seconds later."""
        self.warn_at += delta
        self._since += delta

    def news(self, at: float, label: str, reason: str, *, active: bool = False) -> list[Notice]:
        """What to tell of the uplink that a person calls `label`; `reason` says why the latest
        round was unknown; `active`: it carries the traffic."""
        if at < self.warn_at:
            return []
        text = f"{label}: nothing is known of it for {at - self._since:.0f} s: {reason}"
        if not active:
            self.warn_at = inf
            return [Notice(at, Level.WARNING, text)]
        self.warn_at, self._pause = at + self._pause, min(2 * self._pause, LONGEST_REMINDER)
        text += "; it carries the traffic, and nobody would notice if it died"
        commands = [command for word, command in _REMEDIES.items() if word in reason]
        text += "".join(f". To see what is behind it: {command}" for command in commands)
        return [Notice(at, Level.ERROR, text)]
