"""The unit under a real systemd, installed and uninstalled by the commands of the pages.

systemd runs in a container: of the machine it sees the wheels only, and those read-only. It needs
CAP_SYS_ADMIN for the folders that the unit hides.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from compose import machine
from compose.podman import BASE, Podman
from compose.systemd_router import LINES, POLICY, Router
from support.pages import TOP, commands
from support.running import eventually

pytestmark = pytest.mark.compose

PACKAGES = (
    *("systemd", "systemd-sysv", "python3-venv", "util-linux", "mount", "login", "passwd"),
    *("procps", "findutils", "libc-bin"),
)
SOURCES = (
    *("pyproject.toml", "README.md", "LICENSE", "requirements"),
    *("engine", "policies", "schemas", "examples"),
)
PAGE = "docs/install.md"
UNIT = "/etc/systemd/system/route-switcher.service"

TRACKED = "/run/route-switcher/keepalived"
WITH_TRACK_FILE = POLICY + f"track_file: {TRACKED}\n"
WITH_GROUP = POLICY + "control: {group: route-switcher}\n"
ORDER = "route-switcher switch secondary"
SOMEBODY = "setpriv --reuid=4711 --regid=4711"
IMPATIENT = "[Service]\nWatchdogSec=8\n"
"""And still longer than a busy machine keeps an engine waiting."""


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    folder = tmp_path_factory.mktemp("systemd") / "podman"
    with ExitStack() as running:

        def begin() -> Podman:
            machine.look()
            return running.enter_context(Podman(folder, PACKAGES, builds=False))

        podman = machine.begun(begin)
        found = Router(
            podman,
            "podman run --detach --systemd=always --pull=never --network=none --cgroupns=private"
            f" --cap-add=NET_ADMIN,NET_RAW,SYS_ADMIN --volume={machine.WHEELS}:/wheels:ro"
            f" --env=PIP_NO_INDEX=1 --env=PIP_FIND_LINKS=/wheels {BASE} /lib/systemd/systemd",
        )
        podman.run(f"podman exec {found.name} mkdir /src")
        eventually(lambda: found.ask("systemctl is-active multi-user.target")[0] == 0, "systemd")
        yield found


def test_installed_by_the_pages_it_is_asked_reloaded_restarted_and_uninstalled(
    router: Router,
) -> None:
    for name in SOURCES:
        router.copy(TOP / name)
    router.do(LINES)
    router.write("/src/policy.yaml", POLICY)
    for line in [*commands(PAGE, "The program"), *commands(PAGE, "As a service")]:
        if not line.startswith("route-switcher status"):  # it may be too early to be well
            router.do(line)
    eventually(router.is_well, "both uplinks answer, and so do their gateways")
    setting = "/proc/sys/net/ipv4/conf/eth0/ignore_routes_with_linkdown"
    assert router.do(f"cat {setting}") == "1\n"

    # With a user that systemd makes, and with one that stays: an order holds over a restart.
    for _ in range(2):
        eventually(lambda: router.ask(ORDER)[0] == 0, "an order")
        router.do("systemctl restart route-switcher")
        eventually(lambda: router.ordered() == "secondary", "the order, over the restart")
        eventually(lambda: router.ask("route-switcher release")[0] == 0, "the order is taken back")
        eventually(router.is_well, "the traffic is back")
        for line in commands("docs/service.md", "A user and a group that stay"):
            router.do(line)
    user = router.do(f"ps -o user:20= -p {router.process()}").strip()
    assert user == "route-switcher"

    # What others read in the runtime folder outlasts a restart, if the page is followed.
    for line in commands("docs/service.md", "Files that outlast the engine"):
        router.do(line)
    eventually(router.is_well, "well in a folder that stays")
    router.write("/etc/route-switcher/policy.yaml", WITH_TRACK_FILE)
    router.do("systemctl reload route-switcher")
    eventually(lambda: router.ask(f"grep -qx 2 {TRACKED}")[0] == 0, "two healthy uplinks")
    file = router.do(f"stat -c '%i %y' {TRACKED}")
    router.do("systemctl restart route-switcher")
    eventually(router.is_well, "well after the restart")
    assert router.do(f"stat -c '%i %y' {TRACKED}") == file

    # A reload that fails is seen to fail; one that does not lets the group in.
    router.write("/etc/route-switcher/policy.yaml", POLICY.replace("gateway", "gatewey"))
    code, said = router.ask("systemctl reload route-switcher")
    assert code != 0, said
    assert router.is_well()
    router.write("/etc/route-switcher/policy.yaml", WITH_GROUP)
    router.do("systemctl reload route-switcher")
    group = router.do("getent group route-switcher").split(":")[2]
    router.do(f"{SOMEBODY} --groups={group} route-switcher status")
    assert router.ask(f"{SOMEBODY} --clear-groups route-switcher status")[0] == 1

    # An engine that stands still is ended and started again. That moves nothing.
    router.write(f"{UNIT}.d/impatient.conf", IMPATIENT)
    router.do("systemctl daemon-reload && systemctl restart route-switcher")
    eventually(router.is_well, "well after the restart")
    before, routes = router.process(), router.routes()
    router.do(f"kill -STOP {before}")
    eventually(lambda: router.process() not in (0, before) and router.is_well(), "a new engine")
    assert router.routes() == routes

    ours = [entry for entry in router.journal() if entry["_TRANSPORT"] == "stdout"]
    assert {entry["SYSLOG_IDENTIFIER"] for entry in ours} == {"route-switcher"}
    assert {"4", "6"} <= {entry["PRIORITY"] for entry in ours}
    assert not [entry for entry in ours if entry["MESSAGE"].startswith(("<", "2"))]
    warnings = [entry["MESSAGE"] for entry in router.journal("--priority=warning")]
    assert any("selected instead of" in text for text in warnings)
    assert not any(text.startswith("route-switcher ") for text in warnings)

    router.do("systemctl stop route-switcher")
    assert router.routes() == routes
    for line in commands("docs/service.md", "Uninstall"):
        router.do(line)
    assert router.routes() == ""
    assert router.ask("getent passwd route-switcher")[0] != 0
    left = "find / -xdev -name '*route-switcher*' -not -path '/src/*' -not -path '/proc/*'"
    assert (
        router.do(f"{left}; find /run /tmp /sys/fs/cgroup/systemd -name '*route-switcher*'") == ""
    )
