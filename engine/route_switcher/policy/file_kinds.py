"""The kinds of file that are read with the same care: what messages say of each, and its schema."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file."""

    noun: str
    """What messages call one, such as `policy`."""
    schema: str
    """The file in `schemas/` that says what may stand in one."""
    least: str
    """What an empty one needs at least, as a hint says it."""
    depth: str
    """How deep one is nested, as a hint says it."""
    size: str
    """How large one is, as a hint says it: a sentence."""


POLICY = FileKind(
    noun="policy",
    schema="policy.schema.json",
    least="write at least 'version: 1' and 'uplinks:'",
    depth="a policy has five levels, and two more for every 'any' or 'all'",
    size="A policy takes a few lines for each uplink",
)
