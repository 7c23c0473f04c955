"""The program as a process in the lab's router, whose output a test reads as it comes."""

import os
import signal
from types import TracebackType
from typing import Self

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.forked import Forked
from support.running import DEADLINE, variables


class Piped:
    """One that is forked (see `Forked`, also for `first`), with pipes to read from. It ends with
    the lab at the latest."""

    def __init__(self, lab: Lab, *words: str, first: str = "", **environment: str) -> None:
        pipes = os.pipe(), os.pipe()
        outputs = [writing for _, writing in pipes]
        given = variables(environment)
        output, errors = outputs
        self.process = Forked(lab.inside(ROUTER), words, given, output, errors, first)
        for writing in outputs:
            os.close(writing)
        self.stdout, self.stderr = (os.fdopen(reading, encoding="utf-8") for reading, _ in pipes)
        self._lab = lab
        lab.keep(f"process {self.process.pid}", self._close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lab.stop(f"process {self.process.pid}")

    @property
    def returncode(self) -> int:
        """How it has ended."""
        assert self.process.returncode is not None
        return self.process.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code. It must end by itself before the deadline."""
        return self.process.wait(DEADLINE)

    def communicate(self) -> tuple[str, str]:
        """The rest of what it says, once it has ended; it fits into the pipes."""
        self.wait()
        return self.stdout.read(), self.stderr.read()

    def _close(self) -> None:
        self.process.close()
        self.stdout.close()
        self.stderr.close()
