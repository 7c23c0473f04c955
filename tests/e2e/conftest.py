"""A lab with the size that a test asks for, and engines that always end."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from route_switcher.lab.topology import Lab
from support.running import Engine, ForkedEngine, Start


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Two uplinks and no default route, unless a test gives `Lab` other arguments (indirectly)."""
    with Lab(**getattr(request, "param", {})) as running:
        yield running


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    """Where the policy of `start` is."""
    return tmp_path / "policy.yaml"


@pytest.fixture
def start(lab: Lab, policy_file: Path) -> Iterator[Start]:
    """Start an engine with this text as its policy file, or with the file as it is."""
    with ExitStack() as running:

        def run(policy: str | None = None, *words: str, **more: Any) -> Engine:
            if policy is not None:
                policy_file.write_text(policy)
            return running.enter_context(ForkedEngine(lab, str(policy_file), *words, **more))

        yield run
