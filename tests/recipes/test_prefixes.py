"""The IPv6 prefix of a dead line, deprecated or translated, as docs/hook-recipes.md says."""

import json
import subprocess
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import (
    BACKBONE_PORT,
    CLIENT,
    CLIENT_INTERFACE,
    INTERNET,
    LAN_INTERFACE,
    ROUTER,
    TARGETS_V6,
)
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.hook_recipes import INSTALLED, NAMES, installed, shown
from support.route_writers import need
from support.running import Start, eventually
from support.written_policy_files import learning_policy_text

pytestmark = pytest.mark.kernel

TITLE = "The IPv6 prefix of a dead line"
PREFIXES = ("2001:db8:a::", "2001:db8:b::")
TARGET = str(TARGETS_V6[0])


def policy(lab: Lab) -> str:
    lines = {
        name: f"interface: {uplink.interface}, gateway: '{uplink.gateway_v6}'"
        for name, uplink in zip(NAMES, lab.uplinks, strict=True)
    }
    return learning_policy_text(lab, lines, (Family.IPV6,))


def source(lab: Lab) -> str:
    """The prefix that the client takes for a new connection."""
    shown = json.loads(lab.run(CLIENT, "ip", "-j", "-6", "route", "get", TARGET))
    address = shown[0].get("prefsrc", "")
    return next((prefix for prefix in PREFIXES if address.startswith(prefix[:-1])), address)


def test_clients_stop_using_the_prefix_of_a_dead_line(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    need("dnsmasq")
    lab.run(CLIENT, "ip", "-6", "address", "flush", "dev", CLIENT_INTERFACE, "scope", "global")
    lab.run(CLIENT, "sysctl", "-q", "-w", f"net.ipv6.conf.{CLIENT_INTERFACE}.accept_ra=2")
    for prefix in PREFIXES:
        words = ("address", "add", f"{prefix}1/64", "dev", LAN_INTERFACE, "nodad")
        lab.run(ROUTER, "ip", *words)
    (settings,) = shown(TITLE, "ini")
    hooks = shown(TITLE)[0].replace(INSTALLED, str(installed(tmp_path)))
    hooks = hooks.replace("/run/route-switcher", str(tmp_path))
    configuration = tmp_path / "prefixes.conf"
    configuration.write_text(settings.replace("/run/route-switcher", str(tmp_path)))
    # In the place of systemd: what it is asked for is written down, and the test restarts dnsmasq.
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\n')
    (tmp_path / "systemctl").chmod(0o755)
    asked = tmp_path / "asked"
    running: list[subprocess.Popen[str]] = []

    def restart(count: int) -> None:
        order = "--no-ask-password --no-block restart dnsmasq\n"
        eventually(lambda: asked.exists() and asked.read_text() == count * order, "the order")
        for process in running:
            lab.stop(f"process {process.pid}")
        words = ["dnsmasq", "-d", f"--conf-file={configuration}", "--port=0", "--user=root"]
        words += [f"--interface={LAN_INTERFACE}", "--bind-interfaces"]
        running[:] = [lab.start(ROUTER, [*words, f"--dhcp-leasefile={tmp_path}/leases"])]

    fibre, lte = PREFIXES
    check = ["dnsmasq", "--test", f"--conf-file={configuration}"]
    assert subprocess.run(check, capture_output=True).returncode != 0
    engine = start(policy(lab) + hooks, PATH=f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    restart(1)
    eventually(lambda: source(lab) == fibre, "the prefix of the active line")
    engine.wait_for_health("fibre", "lte")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    restart(2)
    eventually(lambda: source(lab) == lte, "the prefix of the spare line")
    FAULTS["blackhole"].heal(lab, lab.uplinks[0])
    restart(3)
    assert subprocess.run(check, capture_output=True).returncode == 0
    eventually(lambda: source(lab) == fibre, "the prefix of the first line again")


def test_a_prefix_is_translated_on_the_other_line(lab: Lab, start: Start, tmp_path: Path) -> None:
    need("ping")
    need("conntrack")
    fibre = PREFIXES[0]
    (rules,) = shown(TITLE, "")
    lab.run(ROUTER, "nft", "delete", "table", "ip6", "lab")
    lab.run(ROUTER, "nft", "-f", "-", given=rules.replace("wwan0", "eth1"))
    lab.run(ROUTER, "ip", "address", "add", f"{fibre}1/64", "dev", LAN_INTERFACE, "nodad")
    words = ("address", "add", f"{fibre}2/64", "dev", CLIENT_INTERFACE, "nodad")
    lab.run(CLIENT, "ip", *words)
    # Each provider knows its own prefix only.
    for uplink, prefix in zip(lab.uplinks, PREFIXES, strict=True):
        for place, hop in ((uplink.name, uplink.address_v6), (INTERNET, uplink.backbone_v6)):
            lab.run(place, "ip", "route", "add", f"{prefix}/64", "via", str(hop.ip))
        drop = f"oifname {BACKBONE_PORT} ip6 saddr 2001:db8:a::/47 ip6 saddr != {prefix}/64 drop"
        chain = f"chain c {{ type filter hook forward priority 0; {drop}; }}"
        lab.run(uplink.name, "nft", "-f", "-", given=f"table ip6 own {{ {chain}; }}")

    def answers() -> bool:
        words = lab.command(CLIENT, ["ping", "-c", "1", "-W", "1", "-I", f"{fibre}2", TARGET])
        return subprocess.run(words, capture_output=True).returncode == 0

    def goes_on(line: str) -> None:
        before = heard.stat().st_size
        eventually(lambda: heard.stat().st_size > before, f"more answers by the {line} line")

    engine = start(policy(lab) + shown(TITLE)[1])
    engine.wait_for_health("fibre", "lte")
    eventually(answers, "an answer by the first line")
    heard = tmp_path / "heard"
    with heard.open("w") as output:
        lab.start(CLIENT, ["ping", "-i", "0.1", "-I", f"{fibre}2", TARGET], stdout=output)
    goes_on("first")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="lte")
    engine.wait_for("hook", "done")
    eventually(answers, "an answer by the spare line, whose prefix is another")
    goes_on("spare")
    FAULTS["blackhole"].heal(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="fibre")
    engine.wait_for("hook", "done")
    goes_on("first")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="lte")
    eventually(answers, "an answer by the spare line again")
    lab.run(ROUTER, "nft", "delete", "table", "ip6", "spare")
    assert not answers()
