"""A lab with the size that a test asks for, and engines that always end."""

import os
import subprocess
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


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system whose server never answers (fuse(4))."""
    folder = tmp_path / "hanging"
    folder.mkdir()
    try:
        server = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"/dev/fuse: {error.strerror}")
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0"
    words = ["mount", "-i", "-t", "fuse", "-o", options, "nobody", str(folder)]
    done = subprocess.run(words, pass_fds=[server], capture_output=True, text=True)
    if done.returncode != 0:
        os.close(server)
        pytest.skip(f"fuse: {done.stderr.strip()}")
    yield folder
    os.close(server)  # whoever waits is told that the file system has gone
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
