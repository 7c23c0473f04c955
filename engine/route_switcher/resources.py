"""Where the shipped schemas and policies are: inside a wheel, or at the top of a checkout."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def data_root() -> Traversable:
    """The folder that holds `schemas/` and `policies/`."""
    packaged = files("route_switcher") / "_data"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]
