"""What hooks were told is kept over a restart: a restart that changes nothing runs nothing."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Protocol

import trio

from route_switcher.core.vocabulary.commands import Command
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import Event, HookEnded, LastDelivered, Reload
from route_switcher.core.vocabulary.hooks import Delivered
from route_switcher.core.vocabulary.outputs import Output, RuleChange
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.daemon.control.disk import Disk
from route_switcher.daemon.control.kept_file import KeptFile
from route_switcher.daemon.observers import Observer

_FILE = KeptFile("hooks", 1 << 18)

_FAMILIES = {str(family): family for family in Family}


class Engine(Protocol):
    """What is asked of the service."""

    @property
    def delivered(self) -> Delivered:
        """What hooks were told last."""
        ...

    async def submit(self, command: Command) -> object:
        """Have a command carried out."""
        ...


class KeptHooks(Observer):
    """Tells the engine what was kept, and keeps what is new. The disk is not looked at before there
    are hooks."""

    def __init__(self, engine: Engine, *, hooks: bool) -> None:
        self._engine = engine
        self._hooks = hooks
        self._disk = Disk("what hooks were told cannot be kept over a restart")
        self._changed = trio.Event()

    def event(self, event: Event) -> None:
        """After a run of a hook, and a new policy, there may be something to keep."""
        if isinstance(event, Reload):
            self._hooks |= bool(event.policy.hooks)
        if isinstance(event, HookEnded | Reload):
            self._changed.set()

    def output(self, output: Output) -> None:
        """So it may when an uplink fails or recovers, and before a run."""
        if isinstance(output, RuleChange | RunHook):
            self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        kept = Delivered()
        if self._hooks:
            kept = _read(await self._disk.do(_FILE.read) or {})
        await self._engine.submit(LastDelivered(0.0, kept))
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            now = self._engine.delivered
            if self._hooks and now != kept and await self._disk.do(partial(_write, now)):
                kept = now


def _write(delivered: Delivered) -> bool:
    _FILE.write(_written(delivered))
    return True


def _written(delivered: Delivered) -> Mapping[str, object]:
    return {
        "switched": [
            {"run": list(run), "family": str(family), "interface": interface}
            for run, family, interface in delivered.switched
        ],
        "down": sorted([its.name, str(its.family)] for its in delivered.down),
        "all_down": sorted(map(str, delivered.all_down)),
    }


def _read(content: Mapping[str, Any]) -> Delivered:
    """What is not as we write it is left out."""
    switched = []
    for each in _list(content.get("switched")):
        match each:
            case {"run": [*words], "family": str(family), "interface": str(interface)}:
                run = tuple(word for word in words if isinstance(word, str))
                if len(run) == len(words) and family in _FAMILIES:
                    switched.append((run, _FAMILIES[family], interface))
            case _:
                pass
    return Delivered(
        tuple(switched),
        frozenset(_uplinks(_list(content.get("down")))),
        frozenset(
            _FAMILIES[each]
            for each in _list(content.get("all_down"))
            if isinstance(each, str) and each in _FAMILIES
        ),
    )


def _uplinks(written: list[Any]) -> Iterator[UplinkId]:
    for each in written:
        match each:
            case [str(name), str(family)] if family in _FAMILIES:
                yield UplinkId(name, _FAMILIES[family])
            case _:
                pass


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
