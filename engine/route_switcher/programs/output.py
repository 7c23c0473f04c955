"""What a program prints, for the log: bounded, however much it is."""

import trio

KEPT = 4096
"""Bytes that are kept; the rest is counted."""

LONGEST_LINE = 200
MOST_LINES = 20

_CHUNK = 65536
_PAUSE = 0.05
"""Seconds of rest after each chunk beyond those that are kept: a program that prints without end
has to wait, and does not take the engine's time."""


class Output:
    """Reads it to its end."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._total = 0

    async def read(self, stream: trio.abc.ReceiveStream) -> None:
        """Until there is no more."""
        while chunk := await stream.receive_some(_CHUNK):
            self._total += len(chunk)
            self._kept += chunk[: KEPT - len(self._kept)]
            if self._total > KEPT:
                await trio.sleep(_PAUSE)

    def lines(self) -> list[str]:
        """What a person is told."""
        text = self._kept.decode(errors="replace")
        found = [line.strip() for line in text.splitlines() if line.strip()]
        lines = [_cut(line) for line in found[:MOST_LINES]]
        left = len(found) - len(lines)
        if left > 0 or self._total > len(self._kept):
            lines.append(f"… ({self._total:,} bytes in all)")
        return lines


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
