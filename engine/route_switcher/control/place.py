"""Where the control socket is: in the run folder of the network namespace."""

from pathlib import Path

from route_switcher.kernel.host.run_folder import folder_name, run_folders

NAME = "control"


def places() -> tuple[Path, ...]:
    """Where it may be for us, in the order in which an engine looks. Raises OSError."""
    return tuple(folder / folder_name() / NAME for folder in run_folders())
