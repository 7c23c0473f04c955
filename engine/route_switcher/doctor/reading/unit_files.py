"""Reads files of systemd (systemd.syntax(7)): a main file, and drop-ins that change it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from route_switcher.doctor.reading.files import beginning

_BOOLEANS = {
    **dict.fromkeys(("1", "yes", "y", "true", "t", "on"), True),
    **dict.fromkeys(("0", "no", "n", "false", "f", "off"), False),
}


def first_of(folders: Sequence[Path], name: str) -> Iterator[Path]:
    """The file of this name in the first folder that has one."""
    yield from [folder / name for folder in folders if (folder / name).exists()][:1]


def drop_ins(folders: Sequence[Path], name: str) -> Iterator[Path]:
    """The files `*.conf` in the folders of this name, in the order in which they count. Of those of
    one name, that in the first folder stands for all."""
    found: dict[str, Path] = {}
    for folder in reversed(folders):
        try:
            found |= {file.name: file for file in (folder / name).iterdir()}
        except OSError:
            continue
    yield from (found[key] for key in sorted(found) if key.endswith(".conf"))


def assignments(file: Path) -> Iterator[tuple[str, str, str]]:
    """Section, key and value of each line, in order. What cannot be read says nothing."""
    try:
        text = beginning(file)
    except OSError:
        return
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.strip("[]")
        elif stripped and stripped[0] not in "#;" and "=" in stripped:
            key, _, value = stripped.partition("=")
            yield section, key.strip(), value.strip()


def truth_of(value: str) -> bool | None:
    """What a value says that is a yes or a no; None: it is neither."""
    return _BOOLEANS.get(value.lower())
