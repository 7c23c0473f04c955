"""How to tell a person something once, and again only when there is something new to say."""

from collections.abc import Hashable

from route_switcher.core.vocabulary.outputs import Notice


class Notices:
    """Remembers what was told last of each subject. What was told of an uplink stands with the
    uplink (`UplinkHealth.notices`), so a new name at a reload changes nothing about it."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[str, Hashable] = {}

    def is_news(self, subject: str, value: Hashable) -> bool:
        """Whether `value` is not what was told of the `subject` last."""
        return self._told.get(subject) != value

    def once(self, subject: str, value: Hashable, notice: Notice) -> list[Notice]:
        """The notice, unless `value` is what was told of the `subject` last."""
        if not self.is_news(subject, value):
            return []
        self._told[subject] = value
        return [notice]
