"""What may be meant by a word that is not known: hints that stay short and cheap.

A comparison takes some 20 µs, and a file may hold thousands of unknown words and thousands of
names that each of them could mean: unbounded, that is minutes.
"""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import islice

_LONGEST_WORD = 64
"""Characters; twice what a name may have."""
_CANDIDATES = 100
LIKENESS = 0.7
"""How like a word must be (difflib's ratio): below this, words that have nothing to do with each
other are taken for misspelt, such as 'restart' for 'status'."""
_LISTED = 20
_PARTS = re.compile(r"[_-]")


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint: that of the first hundred known words that is most like `word`, or `otherwise`."""
    if len(word) > _LONGEST_WORD:
        return otherwise
    by_lower_case = {name.lower(): name for name in islice(known, _CANDIDATES)}
    close = get_close_matches(word.lower(), by_lower_case, n=1, cutoff=LIKENESS)
    return f"did you mean {by_lower_case[close[0]]!r}?" if close else otherwise


def part_of(word: str, known: Iterable[str]) -> str | None:
    """A hint: the only known word that has `word` as a part, as `min_stay` has `stay`."""
    found = [name for name in known if word.lower() in _PARTS.split(name)]
    return f"did you mean {found[0]!r}?" if len(found) == 1 else None


def first_of(names: Collection[str]) -> str:
    """The first twenty names, and how many there are besides."""
    shown = ", ".join(islice(names, _LISTED))
    left_out = len(names) - _LISTED
    return shown if left_out <= 0 else f"{shown} and {left_out} more"
