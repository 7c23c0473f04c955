"""Asks the kernel which ways packets would take, beside the loop.

After each change of ours at once, otherwise at most once a second, and at least once a minute: some
things change in silence.
"""

from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol

import trio

from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.core.vocabulary.ways import Findings, LocalNetwork
from route_switcher.daemon.rest import Rest
from route_switcher.kernel.base import Oracle

AT_LEAST_EVERY = 60.0
"""Seconds."""

REST = Rest(times=9, shortest=0.0, longest=10.0)
LEAST_REST = 1.0
"""Seconds. After asking there is a pause of `REST`, and at least of this. A change that the loop
knows of ends it after `REST`."""

AT_ONCE = 256
"""Questions that are asked right after a change of ours. Where there are more, one target of each
family and uplink comes first."""

SETTLING = 0.01
"""Seconds from news to the question: the kernel tells that an IPv4 route is deleted just before it
takes it out of the table."""


def worth_asking(output: Output) -> bool:
    """Whether it is a good moment to ask: what an uplink failed by may be a setting of the host
    that changed in silence."""
    failed = isinstance(output, RuleChange) and output.after is RuleState.FAILED
    return failed or isinstance(output, Decision)


class Questions(Protocol):
    """The questions of this moment (`Engine.questions`)."""

    def __call__(
        self, networks: Sequence[LocalNetwork], *, few: bool = False
    ) -> tuple[Lookup, ...]:
        """Make them."""


class Asking:
    """Gives what was found to `found`. Without an `oracle` nothing is asked."""

    def __init__(
        self, oracle: Oracle | None, questions: Questions, found: Callable[[Findings], None]
    ) -> None:
        self._oracle = oracle
        self._questions = questions
        self._found = found
        self._wanted = trio.Event()
        self._changed = trio.Event()
        self._void = False

    @property
    def asks(self) -> bool:
        """Whether there is anybody to ask."""
        return self._oracle is not None

    def follow(self, uplinks: Sequence[Uplink]) -> None:
        """Ask about the interfaces of these uplinks from now on."""
        if self._oracle is not None:
            self._oracle.follow(uplinks)

    def ask(self) -> None:
        """Have it ask soon."""
        self._wanted.set()

    def ask_anew(self) -> None:
        """Routes, links or the plan changed: have it ask at once. What was asked before does not
        count."""
        self._void = True
        self._changed.set()
        self._wanted.set()

    async def findings(self, *, few: bool = False) -> Findings:
        """What is found now; `few`: about one target of each family and uplink."""
        if self._oracle is None:
            return Findings({})
        networks = await self._oracle.networks()
        return await self._oracle.findings(self._questions(networks, few=few))

    async def run(self) -> None:
        """Ask when wanted, until cancelled."""
        if self._oracle is None:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, self._oracle)
            while True:
                with trio.move_on_after(AT_LEAST_EVERY):
                    await self._wanted.wait()
                began = trio.current_time()
                at_once = self._changed.is_set()
                self._wanted, self._changed, self._void = trio.Event(), trio.Event(), False
                await self._ask_and_give(at_once=at_once)
                took = trio.current_time() - began
                rest = REST.after(took)
                await trio.sleep(rest)
                with trio.move_on_after(max(0.0, LEAST_REST - rest)):
                    await self._changed.wait()

    async def _listen(self, oracle: Oracle) -> NoReturn:
        while True:
            await oracle.changed()
            await trio.sleep(SETTLING)
            self._wanted.set()
            await trio.sleep(LEAST_REST)

    async def _ask_and_give(self, *, at_once: bool) -> None:
        few = at_once and len(self._questions(())) > AT_ONCE
        findings = await self.findings(few=few)
        if few:
            self._wanted.set()
        if not self._void:
            self._found(findings)
