"""What the installed program starts with, and `python -P -m route_switcher`.

`run` holds its signals back from here on: to import the rest takes a few tenths of a second, and
until then a SIGHUP would end the process.
"""

import gc
import signal
import sys

_HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_INTERRUPTED = 130


def main() -> int:
    """Run the command that the command line asks for; returns the exit code."""
    try:
        if [word for word in sys.argv[1:] if not word.startswith("-")][:1] == ["run"]:
            signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        from route_switcher.cli import main as command_line

        return command_line()
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        # The kernel takes back the memory. To look for garbage in it would take 0.15 s.
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
