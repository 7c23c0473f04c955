"""Two routers with keepalived, as docs/pair-of-routers.md says: the better one is the gateway."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from route_switcher.lab import namespaces
from support.route_writers import need
from support.running import command_line, eventually

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

PAGE = (Path(__file__).parents[2] / "docs" / "pair-of-routers.md").read_text("utf-8")
TARGET = "203.0.113.200"
GATEWAY = "10.9.0.1"
ROUTERS = ("one", "two")
PLACES = ("net", "client", *ROUTERS)

POLICY = """
version: 1
uplinks:
  fibre: {{interface: eth0, gateway: {0}}}
  lte: {{interface: eth1, gateway: {1}}}
probes:
  internet: {{type: icmp, targets: [{target}], interval: 200ms, timeout: 200ms}}
rules:
  - {{name: no-internet, probe: internet, fail: {{failures: 3}}, recover: {{stable: 1s}}}}
"""


def shown(kind: str) -> str:
    """The first block of the page that begins with this."""
    blocks: list[str] = re.findall(r"```\w*\n(.*?)```", PAGE, re.S)
    return next(block for block in blocks if block.startswith(kind))


def network(router: int, line: int) -> str:
    """The first three parts of a line's addresses: .1 is the ISP's, .2 the router's."""
    return f"198.51.100.{(2 * router + line) * 16}"


def address(router: int, line: int, host: int) -> str:
    start, last = network(router, line).rsplit(".", 1)
    return f"{start}.{int(last) + host}"


def ip(place: str, *lines: str) -> None:
    words = namespaces.command(place, ["ip", "-batch", "-"])
    subprocess.run(words, input="\n".join(lines), text=True, check=True)


def nft(place: str, rules: str) -> None:
    words = namespaces.command(place, ["nft", "-f", "-"])
    subprocess.run(words, input=rules, text=True, check=True)


class Pair:
    """Two routers, each with two lines to the internet, before one LAN."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ip("net", "link set lo up", f"addr add {TARGET}/32 dev lo")
        rules = "type filter hook prerouting priority 0; iifname @cut drop;"
        nft("net", f"table ip t {{ set cut {{ type ifname; }}; chain c {{ {rules} }}; }}")
        ip("client", "link set lo up", "link add lan type bridge", "link set lan up")
        ip("client", "addr add 10.9.0.100/24 dev lan", f"route add default via {GATEWAY}")
        for number, name in enumerate(ROUTERS):
            ip(name, "link set lo up", f"link add lan0 type veth peer name {name} netns client")
            ip("client", f"link set {name} up master lan")
            ip(name, "link set lan0 up", f"addr add 10.9.0.{2 + number}/24 dev lan0")
            for line in (0, 1):
                isp = f"isp{number}{line}"
                ip(name, f"link add eth{line} type veth peer name {isp} netns net")
                ip(name, f"link set eth{line} up")
                ip(name, f"addr add {address(number, line, 2)}/28 dev eth{line}")
                ip("net", f"link set {isp} up", f"addr add {address(number, line, 1)}/28 dev {isp}")
            self._let_forward(name)

    def _let_forward(self, name: str) -> None:
        rules = "type nat hook postrouting priority 100; oifname { eth0, eth1 } masquerade;"
        nft(name, f"table ip t {{ chain c {{ {rules} }}; }}")
        with namespaces.inside(name):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
            for line in ("all", "eth0", "eth1"):
                Path(f"/proc/sys/net/ipv4/conf/{line}/rp_filter").write_text("2")

    @contextmanager
    def engine(self, number: int) -> Iterator[None]:
        """Runs in a router, until it is left."""
        name = ROUTERS[number]
        gateways = (address(number, line, 1) for line in (0, 1))
        track = shown("track_file:").replace("/run/route-switcher", str(self.room(number)))
        policy = self.room(number) / "policy.yaml"
        policy.write_text(POLICY.format(*gateways, target=TARGET) + track)
        words = command_line("run", str(policy), RUNTIME_DIRECTORY=str(self.room(number)))
        with self._running(name, words, f"engine-{name}"):
            yield

    @contextmanager
    def keepalived(self, number: int) -> Iterator[None]:
        """Runs in a router, until it is left."""
        name, room = ROUTERS[number], self.room(number)
        text = shown("track_file uplinks").replace("/run/route-switcher", str(room))
        if number == 1:
            (second,) = re.findall(r"The second router has the same file with `(.*?)`", PAGE)
            text = text.replace("priority 100", second)
        (room / "keepalived.conf").write_text(text)
        words = ["keepalived", "--dont-fork", "--log-console", f"--use-file={room}/keepalived.conf"]
        words += [f"--pid={room}/k.pid", f"--vrrp_pid={room}/v.pid", "--vrrp"]
        with self._running(name, words, f"keepalived-{name}"):
            yield

    @contextmanager
    def _running(self, name: str, words: list[str], log: str) -> Iterator[None]:
        with open(self.folder / log, "ab") as file:
            command = namespaces.command(name, words)
            process = subprocess.Popen(command, stdout=file, stderr=file, text=True)
            try:
                yield
            finally:
                namespaces.end(process)
                sys.stdout.write((self.folder / log).read_text())

    def room(self, number: int) -> Path:
        room = self.folder / ROUTERS[number]
        room.mkdir(exist_ok=True)
        return room

    def number(self, router: int) -> str:
        """What the engine tells keepalived."""
        file = self.room(router) / "keepalived"
        return file.read_text().strip() if file.exists() else ""

    def has_the_gateway(self, router: int) -> bool:
        words = namespaces.command(ROUTERS[router], ["ip", "-j", "address", "show", "dev", "lan0"])
        (link,) = json.loads(subprocess.check_output(words))
        return GATEWAY in {each["local"] for each in link["addr_info"]}

    def held_by(self, router: int) -> bool:
        """Whether this router alone is the gateway, and the LAN reaches the internet through it."""
        held = [self.has_the_gateway(number) for number in (0, 1)]
        words = namespaces.command("client", ["ping", "-c", "1", "-W", "1", TARGET])
        return (
            held == [number == router for number in (0, 1)]
            and subprocess.run(words, capture_output=True).returncode == 0
        )

    def cut(self, router: int, *lines: int, cut: bool = True) -> None:
        """Everything beyond these lines is dropped in silence; or no longer."""
        lines_cut = ", ".join(f"isp{router}{line}" for line in lines)
        nft("net", f"{'add' if cut else 'delete'} element ip t cut {{ {lines_cut} }}")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    need("keepalived", "ping")
    tmp_path.chmod(0o755)
    namespaces.create(PLACES)
    try:
        yield Pair(tmp_path)
    finally:
        namespaces.remove(PLACES)


def test_the_gateway_moves_to_the_router_that_still_has_an_uplink_and_back(pair: Pair) -> None:
    with ExitStack() as running:
        for number in (0, 1):
            running.enter_context(pair.keepalived(number))
            running.enter_context(pair.engine(number))
        eventually(lambda: pair.number(0) == pair.number(1) == "2", "two healthy uplinks each")
        eventually(lambda: pair.held_by(0), "the first router is the gateway")
        pair.cut(0, 0, 1)
        eventually(lambda: pair.number(0) == "0", "no healthy uplink")
        eventually(lambda: pair.held_by(1), "the second router is the gateway")
        pair.cut(0, 1, cut=False)
        eventually(lambda: pair.number(0) == "1", "one healthy uplink")
        pair.cut(1, 0, 1)
        eventually(lambda: pair.held_by(0), "the first is it again: it has one, the second none")
        pair.cut(0, 0, cut=False)
        pair.cut(1, 0, 1, cut=False)
        eventually(lambda: pair.number(0) == pair.number(1) == "2", "all is well")
        eventually(lambda: pair.held_by(0), "the first router is the gateway")


def test_a_restart_of_the_engine_moves_no_gateway(pair: Pair) -> None:
    with ExitStack() as running:
        for number in (0, 1):
            running.enter_context(pair.keepalived(number))
        running.enter_context(pair.engine(1))
        with pair.engine(0):
            eventually(lambda: pair.number(0) == pair.number(1) == "2", "two healthy uplinks each")
            eventually(lambda: pair.held_by(0), "the first router is the gateway")
        inode = os.stat(pair.room(0) / "keepalived").st_ino
        with pair.engine(0):
            log = pair.folder / "engine-one"
            ok = "lte: rule no-internet: recovering -> ok"
            eventually(lambda: ok in log.read_text(), "all is known again")
            assert pair.number(0) == "2"
            assert os.stat(pair.room(0) / "keepalived").st_ino == inode
            assert [pair.has_the_gateway(router) for router in (0, 1)] == [True, False]
            eventually(lambda: pair.held_by(0), "the LAN still reaches the internet through it")
