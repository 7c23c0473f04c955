"""Rows about what decides a packet's way besides our routes: it is named, with a command."""

from faults.acts import comes, goes, router
from faults.bench import Bench
from faults.row import A_MOMENT, FAILED_OVER, Act, Row, Step
from route_switcher.lab.addresses import LAN, ROUTER

_DEAD_ROUTER = "198.51.100.50"


def _told(bench: Bench, text: str, since: int) -> str:
    return bench.engine.wait_for("notice", text, since=since).message


def _follow(bench: Bench, message: str) -> None:
    """Run the command that the message ends with."""
    command = message.partition("To remove it: ")[2]
    assert command, message
    bench.lab.run(ROUTER, "sh", "-c", command)


def _named(text: str, *commands: str) -> Act:
    """These `ip` commands, until the log has named what they did, in these words."""

    def act(bench: Bench) -> None:
        since = bench.engine.now
        router(*commands)(bench)
        _told(bench, text, since)

    return act


def _primary_dies_and_the_remedy_follows(bench: Bench) -> None:
    since = bench.engine.now
    comes("blackhole")(bench)
    _follow(bench, _told(bench, "secondary is selected, but traffic leaves through primary", since))
    _told(bench, "the kernel sends the traffic through secondary", since)


def _every_target_is_named(bench: Bench) -> None:
    """Each target gets a host route, which is named and removed by its command."""
    for target in bench.lab.targets_v4:
        since = bench.engine.now
        router(f"route add {target}/32 via {_DEAD_ROUTER} dev eth0")(bench)
        _follow(bench, _told(bench, "primary: probes to", since))
        _told(bench, "primary: probes go the right way again", since)


def _every_target_has_a_hole(bench: Bench) -> None:
    since = bench.engine.now
    router(*(f"route add blackhole {target}/32" for target in bench.lab.targets_v4))(bench)
    for target in bench.lab.targets_v4:
        told = _told(bench, f"primary: probes to {target} would go nowhere", since)
        _follow(bench, told)
    _told(bench, "primary: probes go the right way again", since)


def _strict(bench: Bench) -> None:
    since = bench.engine.now
    settings = ("all.rp_filter=1", "eth0.rp_filter=0", "eth1.rp_filter=0")
    bench.lab.run(ROUTER, "sysctl", "-w", *(f"net.ipv4.conf.{each}" for each in settings))
    _follow(bench, _told(bench, "rp_filter is strict", since))
    _told(bench, "secondary: probes go the right way again", since)


def _drop(bench: Bench) -> None:
    rules = "table ip own { chain out { type filter hook output priority 0;"
    rules += ' oifname "eth0" ip protocol icmp drop; }; }'
    since = bench.engine.now
    bench.lab.run(ROUTER, "nft", "-f", "-", given=rules)
    told = bench.engine.wait_for("notice", "nothing is known of it", since=since)
    assert told.level == "error"


def _pass_again(bench: Bench) -> None:
    bench.lab.run(ROUTER, "nft", "delete", "table", "ip", "own")


_RULE = ("route add default via 198.51.100.1 dev eth0 table 100", "rule add lookup 100 pref 100")

ROWS_WAYS = (
    Row(
        "a foreign rule before main, and the primary dies",
        Step(
            _primary_dies_and_the_remedy_follows,
            "the log says that traffic stays on the primary; it moves by the printed command",
            moves=("secondary",),
            taken="eth1",
            routes=FAILED_OVER,
        ),
        Step(goes("blackhole"), "back", moves=("primary",), lost=A_MOMENT),
        before=_named("goes by table 100", *_RULE),
    ),
    Row(
        "a rule for the LAN only, leading to the primary",
        Step(
            _named(
                "what comes in by lan0 leaves",
                "route add default via 203.0.113.1 dev eth1 table 100",
                f"rule add from {LAN} lookup 100 pref 100",
            ),
            "stays; told at info",
            taken="eth0",
        ),
    ),
    Row(
        "host routes to the targets through a dead router",
        Step(_every_target_is_named, "stays; each is named, with a command that removes it"),
    ),
    Row(
        "`blackhole` routes to every target",
        Step(_every_target_has_a_hole, "stays; each is named, with a command that removes it"),
    ),
    Row(
        "strict rp_filter is set while the engine runs",
        Step(_strict, "stays; named, with a command that heals it", path=("eth0",), lost=A_MOMENT),
    ),
    Row(
        "a local firewall drops the probes of the primary",
        Step(_drop, "stays; an error says that nobody would notice its death", rounds=0),
        Step(_pass_again, "stays"),
    ),
)
