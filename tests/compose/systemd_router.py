"""A router in a container whose first process is systemd, and two ISPs in namespaces within."""

import json
import os
from pathlib import Path
from typing import Any

from compose.podman import DEADLINE, Podman

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


class Router:
    """A container whose first process is systemd."""

    def __init__(self, podman: Podman, run: str) -> None:
        self._podman = podman
        self.name = podman.run(run).strip()

    def ask(self, script: str, deadline: float = DEADLINE) -> tuple[int, str]:
        """Run a shell script; its exit code, and all that it said."""
        words = ["podman", "exec", "--workdir=/src", self.name, "sh", "-c", script]
        done = self._podman.ask(words, deadline)
        return done.returncode, done.stdout + done.stderr

    def do(self, script: str, deadline: float = DEADLINE) -> str:
        """What a script says, which must end well."""
        code, said = self.ask(script, deadline)
        assert code == 0, f"{script}\n{said}"
        return said

    def copy(self, source: Path) -> None:
        """Put it into /src."""
        self._podman.run(f"podman cp {source} {self.name}:/src/")

    def write(self, path: str, text: str) -> None:
        self.do(f"mkdir -p {os.path.dirname(path)} && cat >{path} <<'END'\n{text}END")

    def ordered(self) -> str:
        """The uplink that an order names; empty: there is none, or no engine answers yet."""
        said = self.ask("route-switcher status --json 2>/dev/null")[1]
        order = json.loads(said)["families"][0].get("order") if said.startswith("{") else None
        return str(order["uplink"]) if order else ""

    def is_well(self) -> bool:
        return self.ask("route-switcher status")[0] == 0

    def process(self) -> int:
        return int(self.do("systemctl show --property=MainPID --value route-switcher"))

    def routes(self) -> str:
        return self.do("ip route show default")

    def journal(self, *words: str) -> list[dict[str, Any]]:
        lines = self.do(f"journalctl --unit=route-switcher --output=json {' '.join(words)}")
        return [json.loads(line) for line in lines.splitlines()]
