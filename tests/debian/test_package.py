"""The Debian package in a bare Debian 13, a container whose first process is systemd: it is built,
judged by lintian, installed, run, upgraded and purged by Debian's own programs.

`make deb-test` makes that Debian, for there is no network here. Of this machine it sees nothing.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from compose import machine
from compose.podman import Podman
from compose.systemd_router import LINES, POLICY, Router
from support.pages import TOP
from support.running import eventually

pytestmark = pytest.mark.debian

ROOT = Path(sys.prefix) / "debian-13"
SOURCES = (
    *("Makefile", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"),
    *("engine", "policies", "schemas", "examples", "docs"),
)
SLOW = 600.0
"""Seconds for what computes for ten seconds on a quiet machine."""
PACKAGE = "dist/deb/route-switcher_*_all.deb"
OURS = (
    "find / -xdev '(' -name '*route-switcher*' -o -name '*route_switcher*' ')' -prune"
    " -not -path '/src/*' -not -path '/proc/*' -not -path '/tmp/*' -print | sort"
)


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """A bare Debian 13, with our sources in /src."""
    with ExitStack() as running:

        def begin() -> Podman:
            machine.look(wheels=False)
            if not (Path(sys.prefix) / ".debian-13-ready").exists():
                raise machine.Unavailable("there is no bare Debian 13: run `make deb-test`")
            folder = tmp_path_factory.mktemp("debian") / "podman"
            return running.enter_context(Podman(folder, root=ROOT))

        podman = machine.begun(begin)
        found = Router(
            podman,
            "podman run --detach --systemd=always --network=none --cgroupns=private"
            f" --cap-add=NET_ADMIN,NET_RAW,SYS_ADMIN --rootfs {ROOT}:O /lib/systemd/systemd",
        )
        podman.run(f"podman exec {found.name} mkdir /src")
        for name in SOURCES:
            found.copy(TOP / name)
        eventually(lambda: found.ask("systemctl is-active multi-user.target")[0] == 0, "systemd")
        yield found


@pytest.fixture(scope="module")
def built(router: Router) -> Router:
    """The package is in `PACKAGE`. A compiler, which every build of Debian has, is not needed."""
    router.do("dpkg-checkbuilddeps -I examples/debian/control")
    router.write("/etc/dpkg/buildpackage.conf", "no-check-builddeps\n")
    router.do("make deb", SLOW)
    return router


def test_lintian_has_nothing_to_say(built: Router) -> None:
    said = built.do(f"lintian --fail-on error,warning --allow-root {PACKAGE}", SLOW)
    assert "W:" not in said


def test_it_waits_for_a_policy_runs_goes_on_over_an_upgrade_and_is_purged(built: Router) -> None:
    assert built.do(OURS) == ""
    built.do(f"dpkg --install {PACKAGE}")
    assert built.do("route-switcher --version") == "route-switcher 0.1.0\n"
    assert "fine" in built.do("cd / && route-switcher validate dual-wan")
    assert "all passed" in built.do(
        "cd / && route-switcher test /usr/share/doc/route-switcher/examples/scenarios"
    )
    assert built.do("man --where route-switcher") == "/usr/share/man/man1/route-switcher.1.gz\n"
    completion = "/usr/share/bash-completion/completions/route-switcher"
    assert "route-switcher" in built.do(f"bash -c '. {completion} && complete -p route-switcher'")
    assert "#compdef route-switcher" in built.do(
        "cat /usr/share/zsh/vendor-completions/_route-switcher"
    )
    assert built.do("systemctl is-enabled route-switcher") == "enabled\n"
    assert (
        "ConditionPathExists=/etc/route-switcher/policy.yaml was not met"
        in built.ask("systemctl status route-switcher")[1]
    )

    built.do(LINES)
    built.write("/etc/route-switcher/policy.yaml", POLICY)
    built.do("systemctl start route-switcher")
    eventually(built.is_well, "both uplinks answer, and so do their gateways")
    assert built.do(f"ps -o user:20= -p {built.process()}").strip() == "route-switcher"
    eventually(lambda: built.ask("route-switcher switch secondary")[0] == 0, "an order")

    before, routes = built.process(), built.routes()
    assert "via 203.0.113.1 dev eth1" in routes
    built.do(f"dpkg --install {PACKAGE}")
    eventually(lambda: built.process() not in (0, before), "a new engine")
    eventually(lambda: built.ordered() == "secondary", "the order, over the upgrade")
    assert built.routes() == routes

    # What a person wrote stays, as with every package, and so does the name of the user.
    built.do("dpkg --purge route-switcher")
    assert built.do(OURS) == "/etc/route-switcher\n"
    assert built.do("ls /etc/route-switcher") == "policy.yaml\n"
    assert built.ask("systemctl is-active route-switcher")[1] == "inactive\n"
