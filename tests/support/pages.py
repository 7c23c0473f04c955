"""The commands that our pages tell a reader to type."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]


def commands(page: str, title: str) -> list[str]:
    """Those of one section, in their order, without `sudo`."""
    text = (TOP / page).read_text("utf-8")
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```sh\n(.*?)^```$", found, re.MULTILINE | re.DOTALL)
    assert blocks
    return [line.removeprefix("sudo ") for block in blocks for line in block.splitlines()]
