"""The kind of prober of every check.

A new type of probe needs these files, and no others change:

* `core/vocabulary/checks.py`: a frozen dataclass with the parameters of the check, `verb`,
  `packets` and `layer`; its name in `Check`. Sentences, bytes a month and `simulate` follow.
* `schemas/policy.schema.json`: under `probe` the type, an example and an `if`/`then`; a definition
  `TYPE_probe` with its keys.
* `policy/checks/TYPE.py`: reads the keys of its own into the dataclass; a line in
  `policy/checks/registry.py`.
* `probes/TYPE.py`: the prober, with a `KIND`; a line in `PROBERS` below.
* Tests: `tests/probes/test_every_check.py` names what is missing. A case in
  `tests/support/keys_shown.py` shows the effect of each key. `docs/probes.md` has a section.

What a prober can build on:

* `probes.separate_requests.SeparateRequests`: asks each target in a task of its own. Write one
  method, `_ask_one(address, target)`: it returns when the target is good, returns or raises a
  `RequestFault`/`OSError` when it is not, and is cancelled at the timeout. `tcp.py` is an example.
* `probes.pinned_socket.open_pinned`: a socket that is bound to the interface of the egress, and to
  an address of it. No prober opens a socket for the internet in another way.
* `probes.dns_query.ask_resolver`: one question to a resolver, UDP and TCP, pinned.
* `probes.reasons.fault_of`: what an error of the kernel says. `FAILED`: the uplink or the target is
  bad. `UNKNOWN`: we could not ask.
* `probes.packet_prober.PacketProber`: one socket for all targets, and single packets that answer
  single packets, stamped by the kernel. `icmp.py` is the shortest example.

The target of a round is `target.address`, in digits. A target by name has been looked up before
the prober sees it, unless its `ProberKind` says that it asks no addresses. `egress.next_hop()` is
the gateway, for checks that ask it: their only target is `Target.of_uplink("gateway")`, and the
policy writes none.
"""

from collections.abc import Iterable, Mapping

from route_switcher.core.vocabulary.checks import (
    Check,
    DnsQuery,
    ExecProgram,
    GatewayEcho,
    HttpGet,
    IcmpEcho,
    NeighbourQuery,
    TcpConnect,
)
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import dns, echo, exec_program, http, icmp, neighbour, tcp
from route_switcher.probes.named_targets import NamedTargets
from route_switcher.probes.prober import Egress, OpenedProber, ProberKind

PROBERS: Mapping[type[Check], ProberKind] = {
    IcmpEcho: icmp.KIND,
    TcpConnect: tcp.KIND,
    HttpGet: http.KIND,
    DnsQuery: dns.KIND,
    NeighbourQuery: neighbour.KIND,
    GatewayEcho: echo.KIND,
    ExecProgram: exec_program.KIND,
}


def open_prober(egress: Egress, check: Check) -> OpenedProber:
    """A prober of `check` through `egress`, to be entered."""
    kind = PROBERS[type(check)]
    opened = kind.open(egress, check)
    return NamedTargets(egress, opened) if kind.asks_addresses else opened


def open_unbound(family: Family, check: Check) -> OpenedProber:
    """A prober of `check` by the default route, bound to no interface; to be entered."""
    return open_prober(Egress(interface=None, family=family), check)


def needed_capabilities(probes: Iterable[Probe]) -> frozenset[str]:
    """The capabilities without which `probes` cannot be sent."""
    return frozenset().union(*(PROBERS[type(probe.check)].capabilities for probe in probes))
