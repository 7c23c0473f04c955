"""Engines that always end, within the limits of our unit."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from route_switcher.lab.topology import Lab
from support.hook_recipes import CONFINED
from support.running import Engine, Start


@pytest.fixture
def start(lab: Lab, tmp_path: Path) -> Iterator[Start]:
    """Start an engine with this text as its policy."""
    with ExitStack() as running:

        def run(policy: str, **more: str) -> Engine:
            file = tmp_path / "policy.yaml"
            file.write_text(policy)
            return running.enter_context(Engine(lab, str(file), wrapped_in=CONFINED, **more))

        yield run
