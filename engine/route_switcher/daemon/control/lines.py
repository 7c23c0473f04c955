"""The lines that a client sends, each of a bounded length."""

import trio

from route_switcher.control.protocol import LONGEST_REQUEST

_PAUSE = 0.05
"""Seconds before more of a line is read that did not come in one piece: whoever sends byte by byte
must not wake us as often."""


class TooLong(Exception):  # noqa: N818 - what a client can get wrong, told as a reply
    """A line is longer than any request may be."""


class Lines:
    """Takes them out of a stream."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._read = bytearray()

    async def next(self) -> bytes | None:
        """The next line, without its end; None if no more come. Raises TooLong, and what a broken
        stream raises."""
        while True:
            line, end, rest = self._read.partition(b"\n")
            if len(line) >= LONGEST_REQUEST:
                raise TooLong
            if end:
                self._read = rest
                return bytes(line)
            data = await self._stream.receive_some(LONGEST_REQUEST)
            if not data:
                return None
            self._read += data
            if b"\n" not in data:
                await trio.sleep(_PAUSE)
