"""Programs for hooks that write down what they are told."""

import json
from pathlib import Path
from typing import Any

from support.running import eventually


class Notes:
    """A program that appends what it is told to a file, and does more if a test says so."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.program = folder / "note"
        self._file = folder / "notes"
        self.program.write_text(f"#!/bin/sh\ncat >> {self._file}\n{more}\n")
        self.program.chmod(0o755)

    def hooks(self, *kinds: str, keys: str = "") -> str:
        """The section of a policy that runs it."""
        lines = [f"  {kind}: [{{run: [{self.program}]{keys}}}]\n" for kind in kinds]
        return "".join(["hooks:\n", *lines])

    @property
    def told(self) -> list[dict[str, Any]]:
        """All that it was told so far."""
        if not self._file.exists():
            return []
        # The last line may not be whole yet.
        lines = self._file.read_text().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in lines]

    @property
    def short(self) -> list[str]:
        """The same, as `on_switch primary>secondary` or `on_uplink_down primary`."""
        return [_short(facts) for facts in self.told]

    def wait_for(self, *expected: str) -> None:
        """Wait until it was told of this, and no more than that."""
        eventually(lambda: len(self.short) >= len(expected), f"{expected} in {self.short}")
        assert self.short == list(expected)


def _short(facts: dict[str, Any]) -> str:
    uplink, previous = (facts[key]["name"] if facts[key] else "-" for key in ("uplink", "previous"))
    if facts["hook"] == "on_switch":
        return f"on_switch {previous}>{uplink}"
    return facts["hook"] if "all" in facts["hook"] else f"{facts['hook']} {uplink}"
