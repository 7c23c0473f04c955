"""The program as a process in the lab's router, whose log a test reads from a file."""

import os
from pathlib import Path

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.forked import Forked
from support.running import variables


def started(lab: Lab, errors: Path, *words: str, first: str = "") -> Forked:
    """The program, which writes its standard error to that file, and ends with the lab at the
    latest. See `Forked` for `first`."""
    with open(os.devnull, "wb") as nothing, errors.open("wb") as log:
        outputs = nothing.fileno(), log.fileno()
        process = Forked(lab.inside(ROUTER), words, variables({}), *outputs, first)
    lab.keep(f"process {process.pid}", process.close)
    return process
