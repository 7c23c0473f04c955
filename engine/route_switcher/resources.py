"""Where the shipped schemas and policies are: inside a wheel, or at the top of a checkout."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_SCHEMA_SUFFIX = ".schema.json"


def data_root() -> Traversable:
    """The folder that holds `schemas/` and `policies/`."""
    packaged = files("route_switcher") / "_data"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


def shipped_schemas() -> dict[str, Traversable]:
    """The JSON Schemas that come with the program, by name."""
    files = (data_root() / "schemas").iterdir()
    found = ((file.name, file) for file in files if file.name.endswith(_SCHEMA_SUFFIX))
    return {name.removesuffix(_SCHEMA_SUFFIX): file for name, file in sorted(found)}
