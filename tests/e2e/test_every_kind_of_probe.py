"""Every type of probe judges two lines in both families at once: next hops that are learned, and
routes in a table of our own; next hops that are written, and routes in main."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from route_switcher.lab.addresses import CUSTOMER_PORT, INTERNET, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.advertised_line import advertised_line
from support.certificates import NAME, Authority
from support.page_server import pages
from support.route_writers import LEASES, default_routes, dnsmasq, logs_shown, udhcpc
from support.running import Engine, Start, eventually
from support.written_policy_files import DUAL_STACK

pytestmark = pytest.mark.kernel

PORT, SECURE = 8080, 8443
LINES = ("primary", "secondary")

PROGRAM = """#!/bin/sh
# An answer that is bound to what it was told.
test -n "$GATEWAY" && test -n "$SOURCE" || exit 3
case $FAMILY in
    IPv4) exec ping -c 1 -W 1 -I "$SOURCE" {v4} ;;
    IPv6) exec ping -c 1 -W 1 -I "$INTERFACE" {v6} ;;
esac
"""


@pytest.fixture(params=["learned, own", "written, main"])
def where(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """Where next hops come from, and which table has the routes.

    If they are learned, both lines give addresses by DHCP, and advertise themselves from link-local
    addresses.
    """
    with ExitStack() as lines:
        if request.param == "written, main":
            yield request.param
            return
        lines.enter_context(logs_shown())
        for count, uplink in enumerate(lab.uplinks[:2], 1):
            lab.run(ROUTER, "ip", "-4", "address", "flush", "dev", uplink.interface)
            lowest = uplink.gateway + 19
            router = f"--dhcp-option=3,{uplink.gateway}"
            dnsmasq(lab, uplink.name, CUSTOMER_PORT, f"{lowest},{lowest + 9},2m", options=[router])
            udhcpc(lab, uplink.interface)
            eventually(lambda n=count: len(default_routes(lab, LEASES)) == n, "the lease")  # type: ignore[misc]
            lines.enter_context(advertised_line(lab, uplink))
        yield request.param


@pytest.fixture
def served(lab: Lab, tmp_path: Path) -> Iterator[Authority]:
    """Pages, by TLS too, and a resolver at the first target of each family."""
    words = "dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file"
    words += f" --bind-interfaces --host-record={NAME},203.0.113.7,2001:db8:7::7 --user=root"
    addresses = [f"--listen-address={lab.targets(family)[0]}" for family in DUAL_STACK]
    lab.start(INTERNET, [*words.split(), *addresses])
    authority = Authority(tmp_path)
    certificate = authority.certificate()
    with pages(lab, INTERNET, PORT), pages(lab, INTERNET, SECURE, certificate):
        yield authority


def probes(lab: Lab, folder: Path) -> dict[str, str]:
    """The probes, by the name of their type."""
    v4, v6 = (str(lab.targets(family)[0]) for family in DUAL_STACK)
    program = folder / "asks"
    program.write_text(PROGRAM.format(v4=v4, v6=v6))
    program.chmod(0o755)
    hosts = f"targets: ['{v4}', '{v6}']"
    fast = "interval: 150ms, timeout: 150ms"
    return {
        "icmp": f"type: icmp, {hosts}, {fast}",
        "full": f"type: icmp, size: 1400, {hosts}, {fast}",
        "tcp": f"type: tcp, port: {PORT}, {hosts}, {fast}",
        "http": f"type: http, url: 'http://{NAME}:{PORT}/', status: 204, {hosts},"
        " interval: 400ms, timeout: 400ms",
        "https": f"type: http, url: 'https://{NAME}:{SECURE}/', status: 204, {hosts},"
        " interval: 1s, timeout: 1s",
        "dns": f"type: dns, name: {NAME}, value: 203.0.113.7, {hosts}, {fast}",
        "neighbour": f"type: neighbour, {fast}",
        "echo": f"type: echo, {fast}",
        "exec": f"type: exec, run: ['{program}'], interval: 1s, timeout: 1s",
    }


def policy(lab: Lab, where: str, every: dict[str, str]) -> str:
    source, table = where.split(", ")
    lines = ["version: 1", f"routes: {{table: {table}}}", "uplinks:"]
    for metric, uplink in enumerate(lab.uplinks[:2], 1):
        gateway = "auto, families: [ipv4, ipv6]"
        if source == "written":
            gateway = f"{{ipv4: '{uplink.gateway}', ipv6: '{uplink.gateway_v6}'}}"
        keys = f"interface: {uplink.interface}, gateway: {gateway}, metric: {10 * metric}"
        lines.append(f"  {uplink.name}: {{{keys}}}")
    lines.append("probes:")
    lines += [f"  {name}: {{{keys}}}" for name, keys in every.items()]
    lines.append("rules:")
    counted = "fail: {failures: 3}, recover: {stable: 300ms}"
    lines += [f"  - {{name: no-{name}, probe: {name}, {counted}}}" for name in every]
    return "\n".join(lines) + "\n"


def rules_that_are(engine: Engine, state: str) -> set[tuple[object, ...]]:
    """Uplink, family and rule of those that came to this state last."""
    told = engine.said("rule")
    last = {
        tuple(r.fields[k] for k in ("uplink", "family", "rule")): r.fields["after"] for r in told
    }
    return {rule for rule, after in last.items() if after == state}


def await_selected(engine: Engine, uplink: str) -> None:
    """It is what was selected last in each family."""

    def is_selected() -> bool:
        last = {r.fields["family"]: r.fields["selected"] for r in engine.said("decision")}
        return all(last[str(family)] == uplink for family in DUAL_STACK)

    eventually(is_selected, f"{uplink} is selected")


def await_good_rounds(engine: Engine, since: int, every: Iterable[str]) -> None:
    """Each probe has had good rounds through each line in each family."""
    wanted = {(n, str(f), probe) for n in LINES for f in DUAL_STACK for probe in every}

    def had() -> bool:
        told = engine.said("round", since, outcome="good")
        good = Counter(tuple(r.fields[k] for k in ("uplink", "family", "probe")) for r in told)
        return all(good[each] >= 2 for each in wanted)

    eventually(had, "good rounds of every probe")


def test_every_kind_judges_both_lines_and_fails_and_recovers(
    lab: Lab, start: Start, where: str, served: Authority, tmp_path: Path
) -> None:
    every = probes(lab, tmp_path)
    rules = [f"no-{name}" for name in every]
    engine = start(
        policy(lab, where, every), "--log-level", "debug", SSL_CERT_FILE=str(served.file)
    )
    for family in DUAL_STACK:
        engine.wait_for_health(*LINES, rules=rules, family=family)
    # The primary is active, and the secondary stands by.
    await_good_rounds(engine, engine.now, every)
    wanted = {("primary", str(family), rule) for family in DUAL_STACK for rule in rules}
    FAULTS["dead-gateway"].inject(lab, lab.uplinks[0])
    eventually(lambda: rules_that_are(engine, "failed") >= wanted, "every rule fails")
    await_selected(engine, "secondary")
    healed = engine.now
    # The primary is demoted, and the secondary is active.
    FAULTS["dead-gateway"].heal(lab, lab.uplinks[0])
    await_good_rounds(engine, healed, every)
    eventually(lambda: rules_that_are(engine, "ok") >= wanted, "every rule recovers")
    await_selected(engine, "primary")
    # What asks the gateway, and the program, cannot be asked by the default route.
    engine.wait_for("verify", "(icmp, full, tcp, http, https, dns)", since=healed, uplink="primary")
