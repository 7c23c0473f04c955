"""What the installed program starts with, and `python -P -m route_switcher`.

`run` holds its signals back from here on: to import the rest takes a few tenths of a second, and
until then a SIGHUP would end the process. They are held back again when the daemon has ended. But a
thread that waits for work may take them then. So they do nothing: by default a second SIGTERM would
kill the process, and its exit code would not be 0.
"""

import gc
import signal
import sys
from types import FrameType

_HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_INTERRUPTED = 130


def main() -> int:
    """Run the command that the command line asks for; returns the exit code."""
    runs = [word for word in sys.argv[1:] if not word.startswith("-")][:1] == ["run"]
    try:
        if runs:
            signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
            for number in _HELD:
                signal.signal(number, _do_nothing)
        from route_switcher.cli import main as command_line

        return command_line()
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        if runs:
            for number in _HELD:
                # Python takes away handlers at its end, but leaves this.
                signal.signal(number, signal.SIG_IGN)
        # The kernel takes back the memory. To look for garbage in it would take 0.15 s.
        gc.freeze()


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Where nobody listens. At the start SIG_IGN is no choice: what comes until the daemon listens
    would be lost (signal(7))."""


if __name__ == "__main__":
    sys.exit(main())
