"""Where file systems are mounted."""

from pathlib import Path


def mount_point(path: Path) -> str:
    """Of the file system that this absolute path is in."""
    while not path.is_mount():
        path = path.parent
    return str(path)
