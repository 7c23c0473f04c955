"""Print a JSON Schema (draft-07), for an editor or for check-jsonschema.

Exit code: 0 printed, 2 there is no such schema, or wrong usage.
"""

import argparse

from route_switcher.cli import EXIT_OK, EXIT_USAGE
from route_switcher.cli.folding import say_error
from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.resources import shipped_schemas

_DEFAULT = "policy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `schema`."""
    names = ", ".join(shipped_schemas())
    parser.add_argument(
        "name",
        nargs="?",
        default=_DEFAULT,
        metavar="SCHEMA",
        help=f"one of: {names} (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    schemas = shipped_schemas()
    schema = schemas.get(arguments.name)
    if schema is None:
        hint = did_you_mean(arguments.name, schemas, f"the schemas are: {', '.join(schemas)}")
        name = quoted(arguments.name)
        say_error(f"route-switcher schema: there is no schema named {name}; {hint}")
        return EXIT_USAGE
    print(schema.read_text("utf-8"), end="")
    return EXIT_OK
