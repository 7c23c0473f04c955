"""Journals for tests: of records, without an engine, and of a world in virtual time."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from route_switcher.core.vocabulary.events import Event, Reload
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.journal.decoding import Decoder
from route_switcher.journal.encoding import Encoder, grid_for
from route_switcher.journal.folder import JournalFile
from route_switcher.journal.framing import Blocks, file_header
from route_switcher.journal.records import Began, PolicyText, Record, Reloaded
from support.world import World

DAY = 20261127
WALL = 1_795_780_800.0
"""2026-11-27 12:00:00, UTC."""
SESSION = 7


def blocks_of(
    records: Iterable[Record], *, at: float = 1000.0, size: int = 512, wall: float = WALL
) -> list[bytes]:
    """The blocks of these records, each of about so many bytes; the wall clock was `wall` at
    `at`."""
    encoder = Encoder(SESSION, grid_for(at))
    blocks = []
    for record in records:
        its = getattr(record, "at", at)
        if not encoder.is_open:
            its = its if abs(its) < 1e12 else at
            encoder.begin(its, wall + its - at, 0.0)
        encoder.add(record)
        if encoder.size > size:
            blocks.append(encoder.finish())
    if encoder.is_open:
        blocks.append(encoder.finish())
    return blocks


def content_of(records: Iterable[Record], **how: float) -> bytes:
    """A file with them."""
    return file_header(DAY) + b"".join(blocks_of(records, **how))  # type: ignore[arg-type]


def records_in(content: bytes) -> list[Record]:
    """The records of a file."""
    decoder = Decoder()
    return [record for block in Blocks(content) for record in decoder.records(block)]


def written(folder: Path, *contents: bytes) -> Path:
    """A journal with these files, of one day each."""
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(contents, start=1):
        (folder / JournalFile(number, DAY + number - 1).name).write_bytes(content)
    return folder


def same(one: object, other: object) -> bool:
    """Whether all that they are made of is equal, also what they do not compare by themselves."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, tuple):
        assert isinstance(other, tuple)
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return same(tuple(one.items()), tuple(other.items()))
    return repr(one) == repr(other) or one == other


class RecordedWorld(World):
    """A world whose engine has a journal. Texts of policies are made up: `policies` has them."""

    def __init__(self, rules: Policy, **how: Any) -> None:
        self.records: list[Record] = []
        self.policies: dict[str, Policy] = {}
        digest = self._text(rules)
        self.records.append(Began(how.get("start", 0.0), "1.0", "boot", 0.0, digest))
        super().__init__(rules, **how)

    def _give(self, event: Event) -> None:
        if isinstance(event, Reload):
            digest = self._text(event.policy)
            parts = (event.links, event.routes, event.next_hops, event.rules)
            self.records.append(Reloaded(event.at, digest, *parts))
        else:
            self.records.append(event)
        super()._give(event)

    def _take(self, output: Output) -> None:
        self.records.append(output)
        super()._take(output)

    def _text(self, policy: Policy) -> str:
        text = f"policy {id(policy)}"
        self.policies[text] = policy
        self.records.append(PolicyText(f"digest of {text}", text))
        return f"digest of {text}"


def cut_everywhere(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The content after a power cut at each byte."""
    for length in range(len(content) + 1):
        yield length, content[:length]
