"""The environment, started once for all its tests; or the reason why it cannot be had here."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from compose import machine, seed
from compose.podman import FOLDER, Podman
from compose.quick_policy import quick
from compose.router_log import RouterLog


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """podman, with the router's image."""
    folder = tmp_path_factory.mktemp("compose")
    policy = folder / "policy.yaml"
    policy.write_text(quick((FOLDER / "policy.yaml").read_text("utf-8")))
    with ExitStack() as running:

        def begin() -> Podman:
            machine.look()
            return running.enter_context(Podman(folder / "podman", POLICY=str(policy)))

        yield machine.begun(begin)


@pytest.fixture(scope="module")
def log(podman: Podman) -> Iterator[RouterLog]:
    """The log of the router, in the environment that the README's command has started."""
    with ExitStack() as running:
        following = running.enter_context(ExitStack())
        running.callback(podman.run, seed.DOWN)
        podman.run(seed.UP)
        log = RouterLog(podman)
        following.callback(log.wait_for_end)
        for uplink in ("primary", "secondary"):
            log.wait_for(f"{uplink}: rule no-internet: .* -> ok")
        yield log
