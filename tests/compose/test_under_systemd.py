"""The unit under a real systemd, installed and uninstalled by the commands of the pages.

systemd runs in a container: of the machine it sees the wheels only, and those read-only. It needs
CAP_SYS_ADMIN for the folders that the unit hides.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from compose import machine
from compose.podman import BASE, Podman
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

LINES = """set -e
chmod 755 /run  # as on a machine; podman's may be written by all
ip link set lo up
for n in 0 1; do
    ip netns add isp$n
    ip link add eth$n type veth peer name w netns isp$n
    ip link set eth$n up
    ip -n isp$n link set w up
    ip -n isp$n link set lo up
    for address in 198.51.100.200 203.0.113.200; do ip -n isp$n addr add $address/32 dev lo; done
done
ip addr add 198.51.100.10/26 dev eth0
ip -n isp0 addr add 198.51.100.1/26 dev w
ip addr add 203.0.113.10/26 dev eth1
ip -n isp1 addr add 203.0.113.1/26 dev w
mkdir -p /usr/local/bin
"""

POLICY = """version: 1
ignore_linkdown: true
uplinks:
  primary: {interface: eth0, gateway: 198.51.100.1}
  secondary: {interface: eth1, gateway: 203.0.113.1}
probes:
  internet:
    {type: icmp, targets: [198.51.100.200, 203.0.113.200], interval: 200ms, timeout: 200ms}
  gateway: {type: neighbour, interval: 200ms, timeout: 200ms}
rules:
  - {name: no-gateway, probe: gateway, fail: {failures: 3}, recover: {stable: 1s}}
  - {name: no-internet, probe: internet, fail: {failures: 3}, recover: {stable: 1s}}
"""

TRACKED = "/run/route-switcher/keepalived"
WITH_TRACK_FILE = POLICY + f"track_file: {TRACKED}\n"
WITH_GROUP = POLICY + "control: {group: route-switcher}\n"
ORDER = "route-switcher switch secondary"
SOMEBODY = "setpriv --reuid=4711 --regid=4711"
IMPATIENT = "[Service]\nWatchdogSec=3\n"


class Router:
    """A container whose first process is systemd."""

    def __init__(self, podman: Podman, run: str) -> None:
        self._podman = podman
        self.name = podman.run(run).strip()

    def ask(self, script: str) -> tuple[int, str]:
        """Run a shell script; its exit code, and all that it said."""
        words = ["podman", "exec", "--workdir=/src", self.name, "sh", "-c", script]
        done = self._podman.ask(words)
        return done.returncode, done.stdout + done.stderr

    def do(self, script: str) -> str:
        """What a script says, which must end well."""
        code, said = self.ask(script)
        assert code == 0, f"{script}\n{said}"
        return said

    def copy(self, source: Path) -> None:
        """Put it into /src."""
        self._podman.run(f"podman cp {source} {self.name}:/src/")

    def write(self, path: str, text: str) -> None:
        self.do(f"mkdir -p {os.path.dirname(path)} && cat >{path} <<'END'\n{text}END")

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.do("route-switcher status --json || test $? = 3"))
        return found

    def is_well(self) -> bool:
        return self.ask("route-switcher status")[0] == 0

    def process(self) -> int:
        return int(self.do("systemctl show --property=MainPID --value route-switcher"))

    def routes(self) -> str:
        return self.do("ip route show default")

    def journal(self, *words: str) -> list[dict[str, Any]]:
        lines = self.do(f"journalctl --unit=route-switcher --output=json {' '.join(words)}")
        return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    folder = tmp_path_factory.mktemp("systemd") / "podman"
    with ExitStack() as running:
        unavailable = ""
        try:
            machine.look()
            podman = running.enter_context(Podman(folder, PACKAGES, builds=False))
        except machine.Unavailable as reason:
            unavailable = str(reason)
        if unavailable and os.environ.get("ROUTE_SWITCHER_REQUIRE_COMPOSE") == "1":
            pytest.fail(unavailable, pytrace=False)
        if unavailable:
            pytest.skip(unavailable)
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
        assert router.status()["families"][0]["order"]["uplink"] == "secondary"
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
