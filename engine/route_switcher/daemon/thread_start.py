"""Starting a thread where the machine may allow no more of them."""

import threading


class NoThread(Exception):  # noqa: N818 - a condition of the machine, not an error of ours
    """No thread can be started; the message says what limits them."""


def start(thread: threading.Thread) -> None:
    """Start it. Raises NoThread."""
    try:
        thread.start()
    except RuntimeError:
        raise NoThread(
            "cannot start a thread: too many processes (TasksMax, RLIMIT_NPROC) or no memory"
        ) from None
