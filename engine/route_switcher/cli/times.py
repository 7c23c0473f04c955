"""What is said of a time in an argument that is none."""

from route_switcher.policy.schema import near_values


def as_it_is_written(text: str, otherwise: str) -> str:
    """What to write instead of `text`, if it is a time of another notation; else `otherwise`."""
    if near_values.lacks_a_unit(text) and text.isdecimal() and int(text):
        return f"a unit is missing: write {text}s, {text}m or {text}h"
    meant = near_values.durations(text)
    return f"write {meant[0]}" if meant and meant[0] != "0s" else otherwise
