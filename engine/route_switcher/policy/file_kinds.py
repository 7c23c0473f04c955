"""The kinds of file that are read with the same care: what messages say of each, and its schema."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


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
    words: Mapping[str, str] = field(default_factory=dict)
    """Its keys, each with what it is called elsewhere; of a policy `synonyms` knows more."""
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For a mapping that has the first key: keys that cannot stand beside it, and a hint."""

    def key_here(self, word: str, known: Collection[str]) -> str | None:
        """The one of the `known` keys that `word` is called elsewhere."""
        plain = word.lower().replace("-", "_").replace(" ", "_")
        if plain in known:
            return plain
        return next(
            (k for k, words in self.words.items() if k in known and plain in words.split()), None
        )

    def says(self, word: str, key: str, known: Collection[str]) -> bool:
        """Whether an unknown word is called `key` here."""
        return self.key_here(word, known) == key

    def refusal(self, word: str, known: Collection[str]) -> str | None:
        """Why `word` cannot stand beside the `known` keys."""
        places = (hints for place, hints in self.refused.items() if place in known)
        told = (hint for hints in places for words, hint in hints.items() if word in words.split())
        return next(told, None)


POLICY = FileKind(
    noun="policy",
    schema="policy.schema.json",
    least="write at least 'version: 1' and 'uplinks:'",
    depth="a policy has five levels, and two more for every 'any' or 'all'",
    size="A policy takes a few lines for each uplink",
)
