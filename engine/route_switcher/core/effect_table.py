"""What carries out which effect. Every driver of the engine has a table of its own."""

from collections.abc import Callable
from typing import TypeVar

from route_switcher.core.vocabulary.effects import Effect

AnEffect = TypeVar("AnEffect", bound=Effect)


class EffectTable:
    """The effects that one driver carries out."""

    def __init__(self) -> None:
        self._table: dict[type[object], Callable[[Effect], None]] = {}

    def add(self, kind: type[AnEffect], carry_out: Callable[[AnEffect], None]) -> None:
        """Effects of this kind are carried out by `carry_out`, which may not block or wait."""

        def take(effect: Effect) -> None:
            assert isinstance(effect, kind)
            carry_out(effect)

        self._table[kind] = take

    @property
    def kinds(self) -> frozenset[type[object]]:
        """Those that have an entry."""
        return frozenset(self._table)

    def carry_out(self, effect: Effect) -> None:
        """Carry out one effect. Raises `KeyError` if it has no entry."""
        self._table[type(effect)](effect)
