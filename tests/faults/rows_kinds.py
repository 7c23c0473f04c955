"""Rows about faults that one type of probe sees and another does not."""

from contextlib import ExitStack
from dataclasses import replace

from faults.acts import comes, goes
from faults.bench import Bench, wait_until
from faults.policy import Settings
from faults.row import A_MOMENT, FAILED_OVER, Act, Row, Step
from route_switcher.lab.addresses import BACKBONE_PORT, INTERNET, TARGETS
from route_switcher.lab.topology import Lab
from support.page_server import pages, redirects

_NAME, _RIGHT = "www.example.net", "203.0.113.77"
_PAGES, _PORTAL = 8080, 8081
_ONE, _LIAR = TARGETS[:2]
_LIES = "203.0.113.66"
# Pings see these faults too: three rounds of 100 ms, the last with its timeout, and up to one more
# from the fault on: 400 ms. The rest is slack for a busy machine.
_DETECTED = 1500


def _serve(lab: Lab) -> None:
    """Pages, a portal, a resolver, and one that lies; until the lab closes."""
    servers = ExitStack()
    lab.keep("pages", servers.close)
    servers.enter_context(pages(lab, INTERNET, _PAGES))
    servers.enter_context(redirects(lab, INTERNET, _PORTAL, "http://portal.example/login"))
    words = "dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file"
    for resolver, told in ((_ONE, _RIGHT), (_LIAR, _LIES)):
        more = f" --bind-interfaces --listen-address={resolver} --host-record={_NAME},{told}"
        lab.start(INTERNET, f"{words}{more} --user=root".split())
    sockets = ("cat", "/proc/net/udp")
    wait_until(lambda: lab.run(INTERNET, *sockets).count(":0035 ") == 2, "resolvers")


def _rules(chain: str) -> Act:
    def act(bench: Bench) -> None:
        text = f"table ip fault {{ chain c {{ {chain}\n}}\n}}\n"
        bench.lab.run("primary", "nft", "-f", "-", given=text)

    return act


def _dropping(what: str) -> Act:
    return _rules(f"type filter hook forward priority 0; oifname {BACKBONE_PORT} {what} drop")


def _leading_astray(what: str, to: str) -> Act:
    return _rules(f"type nat hook prerouting priority -100; {what} dnat ip to {to}")


def _mended(bench: Bench) -> None:
    bench.lab.run("primary", "nft", "delete", "table", "ip", "fault")


def _forwards(yes: int) -> Act:
    key = f"net.ipv4.conf.all.forwarding={yes}"

    def act(bench: Bench) -> None:
        bench.lab.run("primary", "sysctl", "-qw", key)

    return act


def _other_is_well(bench: Bench) -> None:
    bench.engine.wait_for_health(*bench.settings.names[:2], rules=["no-other"])


_TIMES = "interval: 200ms, timeout: 200ms"
_HOST = f"targets: ['{_ONE}'], {_TIMES}"
_TCP = f"type: tcp, port: {_PAGES}, {_HOST}"


def _row(name: str, other: str, fault: Act, why: str) -> Row:
    """Packets of the stream are not part of the fault: it loses none but by the moves."""
    return Row(
        name,
        Step(
            fault,
            "moves to secondary by the other probe",
            moves=("secondary",),
            taken="eth1",
            routes=FAILED_OVER,
            path=("eth0", "eth1"),
            says=(("rule", "rule no-other: ok -> failed"), ("decision", why)),
            lost=A_MOMENT,
        ),
        Step(_mended, "back", moves=("primary",), path=("eth1", "eth0"), lost=A_MOMENT),
        prepare=_serve,
        before=_other_is_well,
        settings=Settings(stable="500ms", other=other),
    )


def _of_gateway(name: str, kind: str, fault: Act, mended: Act, why: str) -> Row:
    row = _row(name, f"type: {kind}, {_TIMES}", fault, why)
    fault_step = replace(row.fault, then="moves to secondary", lost=_DETECTED)
    assert row.mended is not None
    return replace(row, fault=fault_step, mended=replace(row.mended, act=mended))


ROWS_KINDS = (
    _row(
        "connections die while pings are answered, `tcp`",
        _TCP,
        _dropping("meta l4proto tcp"),
        "TCP fails, ping works",
    ),
    _row(
        "the resolver lies, `dns` with `value`",
        f"type: dns, name: {_NAME}, value: {_RIGHT}, {_HOST}",
        _leading_astray(f"ip daddr {_ONE} udp dport 53", str(_LIAR)),
        "DNS fails, ping works",
    ),
    _row(
        "a portal answers in place of the page, `http`",
        f"type: http, url: 'http://{_NAME}:{_PAGES}/', status: 204,"
        f" targets: ['{_ONE}'], interval: 500ms, timeout: 500ms",
        _leading_astray(f"tcp dport {_PAGES}", f"{_ONE}:{_PORTAL}"),
        "portal",
    ),
    _row(
        "packets of full size are lost, `icmp` with `size`",
        f"type: icmp, size: 1472, {_HOST}",
        _dropping("meta length > 1450"),
        "full size fails, ping works",
    ),
    _of_gateway(
        "the gateway answers and forwards nothing, `echo`",
        "echo",
        _forwards(0),
        _forwards(1),
        "",
    ),
    _of_gateway(
        "the gateway is dead, `neighbour`",
        "neighbour",
        comes("dead-gateway"),
        goes("dead-gateway"),
        "",
    ),
    Row(
        "pings are filtered, and the rule wants `tcp` to fail as well",
        Step(
            _dropping("icmp type echo-request"),
            "stays: connections are made",
            path=("eth0",),
            says=(("round", "failed"),),
            lost=A_MOMENT,
            rounds=15,
        ),
        Step(_mended, "stays", path=("eth0",), lost=A_MOMENT),
        prepare=_serve,
        settings=Settings(stable="500ms", other=_TCP, both=True),
    ),
)
