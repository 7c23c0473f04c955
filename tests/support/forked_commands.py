"""Commands that run to their end in a process that need not import the program (see `forked`)."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryFile

from support.forked import Forked

_PATIENCE = 60.0
"""Seconds that a command may take."""

_IN_ITS_PLACE = """\
import os, sys
os.chdir({folder!r})
os.dup2(os.open({given!r}, os.O_RDONLY), 0)
sys.stdin = open(0, encoding="utf-8", closefd=False)
"""


def run_forked(
    words: Sequence[str],
    *,
    given: str | Path = os.devnull,
    folder: str | Path = ".",
    output: int | None = None,
    errors: int | None = None,
    first: str = "",
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run the program in `folder`, with the file `given` as its standard input, and with these
    variables on top of ours. What it writes goes to `output` and `errors`, if they are said. See
    `Forked` for `first`."""
    first += _IN_ITS_PLACE.format(folder=str(folder), given=str(given))
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err:
        descriptors = (
            out.fileno() if output is None else output,
            err.fileno() if errors is None else errors,
        )
        process = Forked(nullcontext(), words, os.environ | environment, *descriptors, first)
        try:
            code = process.wait(_PATIENCE)
        finally:
            process.close()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(process.args, code, out.read(), err.read())
