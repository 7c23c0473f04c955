"""A firewall and a resolver that follow the active uplink, as docs/hook-recipes.md says."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from route_switcher.lab.addresses import CLIENT, INTERNET, ROUTER, TARGETS
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.hook_recipes import INSTALLED, installed, policy, shown
from support.route_writers import need
from support.running import Start, eventually

pytestmark = pytest.mark.kernel

FIREWALL, RESOLVERS = "A firewall that knows the active line", "The resolvers of the active line"
FAR = str(TARGETS[2])
NAME = "where.example"


def active(lab: Lab, name: str = "active4") -> list[str]:
    """What is in the set."""
    shown = json.loads(lab.run(ROUTER, "nft", "-j", "list", "set", "inet", "uplinks", name))
    elements: list[str] = shown["nftables"][1]["set"].get("elem", [])
    return elements


def reaches(lab: Lab, host: str) -> bool:
    """Whether one packet from the LAN comes back."""
    words = lab.command(CLIENT, ["ping", "-c", "1", "-W", "1", host])
    return subprocess.run(words, capture_output=True).returncode == 0


def test_a_set_has_the_active_uplink_and_a_rule_uses_it(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    need("ping")
    (rules,) = shown(FIREWALL, "")
    lab.run(ROUTER, "nft", "-f", "-", given=rules.replace("wwan0", "eth1"))
    lte = lab.uplinks[1]
    lab.run(ROUTER, "ip", "route", "add", FAR, "via", str(lte.gateway), "dev", lte.interface)
    # The policy may use another name of the interface.
    lab.run(ROUTER, "ip", "link", "property", "add", "dev", "eth1", "altname", "the-spare-line")
    (hooks,) = shown(FIREWALL)
    text = policy(lab, hooks, {INSTALLED: str(installed(tmp_path))})
    engine = start(text.replace("interface: eth1", "interface: the-spare-line"))
    eventually(lambda: active(lab) == ["eth0"], "the first selection")
    engine.wait_for_health("fibre", "lte")
    assert active(lab, "active6") == []
    eventually(lambda: reaches(lab, str(TARGETS[0])), "an answer by the first line")
    assert not reaches(lab, FAR)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    eventually(lambda: active(lab) == ["eth1"], "failover")
    eventually(lambda: reaches(lab, FAR), "an answer by the spare line")
    FAULTS["blackhole"].heal(lab, lab.uplinks[0])
    eventually(lambda: active(lab) == ["eth0"], "fail-back")
    assert not reaches(lab, FAR)


def test_a_set_that_is_missing_is_an_error_in_the_log(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    (hooks,) = shown(FIREWALL)
    places = {INSTALLED: str(installed(tmp_path)), "active]": "active]\n      attempts: 1"}
    engine = start(policy(lab, hooks, places))
    engine.wait_for("hook-output", "No such file or directory")
    assert engine.wait_for("notice", "failed once, and is given up").level == "error"


@contextmanager
def resolvers(lab: Lab, *answers: tuple[str, str]) -> Iterator[None]:
    """Resolvers in the internet at these addresses; what each answers when it is asked for NAME."""
    for address, answer in answers:
        lab.run(INTERNET, "ip", "address", "replace", f"{address}/32", "dev", "lo")
        words = ["dnsmasq", "-d", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"]
        words += [f"--listen-address={address}", "--bind-interfaces", "--user=root"]
        lab.start(INTERNET, [*words, f"--address=/{NAME}/{answer}"])
    yield


def looked_up(lab: Lab) -> str:
    """What the router's own resolver answers for NAME (RFC 1035); empty: no address."""
    labels = b"".join(bytes([len(each)]) + each.encode() for each in NAME.split("."))
    question = b"\x11\x51\x01\0\0\x01\0\0\0\0\0\0" + labels + b"\0\0\x01\0\x01"
    with lab.inside(ROUTER), socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.connect(("127.0.0.1", 53))
        try:
            asking.send(question)
            answer = asking.recv(512)
        except OSError:
            return ""
    return socket.inet_ntoa(answer[-4:]) if answer[7] else ""


def test_dnsmasq_asks_the_resolvers_of_the_active_uplink(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    need("dnsmasq")
    (hooks,) = shown(RESOLVERS)
    (settings,) = shown(RESOLVERS, "ini")
    fibre, lte = str(TARGETS[1]), FAR
    places = {
        INSTALLED: str(installed(tmp_path)),
        "/run/route-switcher": str(tmp_path),
        "203.0.113.53,203.0.113.54": fibre,
        "198.51.100.53": lte,
    }
    configuration = tmp_path / "resolvers.conf"
    configuration.write_text(settings.replace("/run/route-switcher", str(tmp_path)))
    # What Debian's unit does at a reload.
    reload = f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\nkill -HUP "$(cat {tmp_path}/pid)"\n'
    (tmp_path / "systemctl").write_text(reload)
    (tmp_path / "systemctl").chmod(0o755)
    with resolvers(lab, (fibre, "203.0.113.1"), (lte, "203.0.113.2")):
        words = ["dnsmasq", "-k", f"--conf-file={configuration}", "--no-hosts", "--user=root"]
        words += [
            "--log-facility=-",
            f"--pid-file={tmp_path}/pid",
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
        ]
        lab.start(ROUTER, words)
        eventually(lambda: (tmp_path / "pid").exists(), "dnsmasq")
        assert looked_up(lab) == ""
        start(policy(lab, hooks, places), PATH=f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
        for act, answer in (
            (None, "203.0.113.1"),
            (FAULTS["blackhole"].inject, "203.0.113.2"),
            (FAULTS["blackhole"].heal, "203.0.113.1"),
        ):
            if act:
                act(lab, lab.uplinks[0])
            eventually(lambda: looked_up(lab) == answer, f"the answer {answer}")  # noqa: B023
    assert (tmp_path / "resolvers").stat().st_mode & 0o777 == 0o644
    asked = (tmp_path / "asked").read_text().splitlines()
    assert set(asked) == {"--no-ask-password --no-block reload dnsmasq"}
