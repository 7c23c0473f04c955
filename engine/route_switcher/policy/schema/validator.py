"""The validator of a kind of file."""

import json
from functools import cache
from typing import TYPE_CHECKING

from route_switcher.resources import data_root

if TYPE_CHECKING:
    from jsonschema import Draft7Validator


@cache
def validator_of(schema: str) -> "Draft7Validator":
    """That of the file in `schemas/`; made once."""
    # Imported here: it takes longer than all the rest, and an unreadable file needs none of it.
    from jsonschema import Draft7Validator
    from jsonschema.validators import extend

    text = (data_root() / "schemas" / schema).read_text(encoding="utf-8")
    # What stands twice is told by its meaning, and with the place of the second one; the
    # library's own check takes minutes over a long list of mixed types.
    ours = extend(  # type: ignore[no-untyped-call]
        Draft7Validator, {"uniqueItems": lambda *_: ()}
    )
    validator: Draft7Validator = ours(json.loads(text))
    return validator
