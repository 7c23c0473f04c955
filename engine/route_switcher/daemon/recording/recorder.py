"""The observer that has the journal written."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import trio

from route_switcher import __version__
from route_switcher.core.vocabulary.events import Answers, Event, Reload, Round, Start
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.control.trial_file import digest
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.recording.clocks import clocks_now
from route_switcher.daemon.recording.writing import SWITCHED_OFF, Header, Writing
from route_switcher.daemon.report import say
from route_switcher.daemon.thread_start import NoThread, start
from route_switcher.journal.records import Lost, PolicyText
from route_switcher.policy.load import Written

_BOOT = Path("/proc/sys/kernel/random/boot_id")

_LOOK = 1.0
"""Seconds between two looks whether it can be written."""
_PATIENCE = 10.0
"""Seconds that a disk may be at work on one block."""
_LAST = 2.0
"""Seconds that the end of the engine waits for it."""
_TEXTS = 16
"""How many texts of policies are kept in mind."""


class Recorder(Observer):
    """Gives all that happens to a thread that writes it, unless the policy has no journal."""

    def __init__(self, first: Written, *others: Written) -> None:
        """`first` counts at the start; `others` may count later."""
        self._first = first.policy
        self._texts = [*others, first]
        self._writing: Writing | None = None
        self._thread: threading.Thread | None = None
        self._size = 0
        self._trouble = ""
        self._told = ""
        self._lost = 0

    def knows(self, written: Written) -> None:
        """A policy may take effect that was read from this text. Any thread may say so."""
        self._texts = [*(t for t in self._texts if t.text != written.text), written][-_TEXTS:]

    @property
    def troubles(self) -> Sequence[str]:
        """What a person should know, in words."""
        why = self._why()
        return [f"the engine's journal cannot be written: {why}"] if why else []

    @property
    def lost(self) -> int:
        """How many events the journal lacks, since it could not be written in time."""
        return 0 if self._writing is None else self._writing.lost

    def event(self, event: Event) -> None:
        """It is written."""
        was_on, begun = self._size > 0, self._writing is not None
        if isinstance(event, Start):
            self._begin(event.at, self._first, began=False)
        elif isinstance(event, Reload):
            self._size = event.policy.journal.size
            if self._writing is None:
                self._begin(event.at, event.policy, began=True)
        writing = self._writing
        if writing is None:
            return
        if not isinstance(event, Round | Answers):
            writing.known.event(event)
        if self._size or was_on:
            writing.put(event)
        if isinstance(event, Reload):
            if not begun:
                writing.put(Lost(event.at, 0, SWITCHED_OFF))
            writing.hurry()

    def output(self, output: Output) -> None:
        """It is written; a decision at once."""
        writing = self._writing
        if writing is None:
            return
        writing.known.output(output)
        if self._size:
            writing.put(output)
            if isinstance(output, Decision | RuleChange):
                writing.hurry()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await trio.sleep(_LOOK)
                self._tell()
        finally:
            if self._writing is not None and self._size:
                self._thread = None  # it ends now
                self._writing.end(trio.current_time(), _LAST)
                self._tell()

    def _begin(self, at: float, policy: Policy, *, began: bool) -> None:
        self._size = policy.journal.size
        if not self._size:
            return
        boot = ""
        with suppress(OSError):
            boot = _BOOT.read_text().strip()
        ahead = time.monotonic() - trio.current_time()
        header = Header(__version__, boot, ahead, partial(clocks_now, ahead), self._text_of)
        writing = Writing(at, header, self._text_of(policy), began=began)
        writing.files.bound = self._size
        thread = threading.Thread(target=writing.run, name="journal", daemon=True)
        try:
            start(thread)
        except NoThread as error:
            self._trouble = str(error)
            return
        self._writing, self._thread = writing, thread

    def _text_of(self, policy: Policy) -> PolicyText:
        known = self._texts
        found = [t for t in known if t.policy is policy] or [t for t in known if t.policy == policy]
        text = found[-1].text if found else ""
        return PolicyText(digest(text) if text else "", text)

    def _why(self) -> str:
        writing = self._writing
        if writing is None:
            return self._trouble
        if self._size and self._thread is not None and not self._thread.is_alive():
            return "what writes it has failed, and is left out until the next start"
        since = writing.at_work_since
        if since is not None and time.monotonic() - since > _PATIENCE:
            return "the disk hangs"
        return writing.trouble

    def _tell(self) -> None:
        why = self._why()
        if why and not self._told:
            say(logging.WARNING, "recording", f"the engine's journal cannot be written: {why}")
        lost = self.lost
        if lost > self._lost:
            count, self._lost = lost - self._lost, lost
            say(
                logging.WARNING,
                "recording",
                f"the engine's journal lacks {count} events: it could not be written in time",
                events=count,
            )
        if self._told and not why:
            say(logging.INFO, "recording", "the engine's journal is written again")
        self._told = why
