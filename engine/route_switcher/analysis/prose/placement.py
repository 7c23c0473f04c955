"""Where next hops come from, and in which table the routes stand, in plain sentences."""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import OWN_TABLE, OnExit, Policy, WhenAllDown
from route_switcher.core.vocabulary.policy_rules import PREFERENCE
from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.text.quantities import listed

WHEN_NONE_ANSWERS = {
    WhenAllDown.STAY: "the traffic stays where it is",
    WhenAllDown.UNREACHABLE: "the traffic is refused",
}
"""What becomes of it, as a part of a sentence."""


def by_what(uplink: Uplink) -> str:
    """The next hop of an uplink, as a part of a sentence."""
    match uplink.gateway:
        case GatewayMode.AUTO:
            return "by the gateway that is learned"
        case GatewayMode.NONE:
            return "without a gateway"
        case gateway:
            return f"by {gateway}"


def table_in_words(policy: Policy) -> str:
    """Which table it is and why, in one line."""
    placement = policy.placement
    table = f"table {placement.table} of our own" if placement.own else "table main"
    return f"our routes stand in {table}: {why_table(policy)}"


def why_table(policy: Policy) -> str:
    """Why the routes stand where they do."""
    placement, unwritten = policy.placement, _unwritten(policy)
    if not unwritten:
        return "the policy says so" if placement.own else "every gateway is written"
    unknown = f"{_gateway_of(policy, unwritten)} not written"
    if not placement.own:
        return f"the policy says so, though {unknown}"
    return unknown if placement.table == OWN_TABLE else "the policy says so"


def next_hops(policy: Policy) -> Iterator[str]:
    """Paragraphs about the next hops that the policy does not write."""
    learned = _with(policy, GatewayMode.AUTO)
    if learned:
        yield (
            f"{_capital(_gateway_of(policy, learned))} learned from default routes that others"
            f" write through {'their interfaces' if _several(learned) else 'its interface'}, in any"
            " table: a DHCP client, the kernel by router advertisements, NetworkManager. When a"
            " gateway changes, our routes follow, and nothing else moves. Of several"
            " gateways the one in use is kept while it is there. A renewal that changes nothing"
            " does nothing."
        )
    without = _with(policy, GatewayMode.NONE)
    if without:
        yield (
            f"{_names(policy, without)} {'have' if _several(without) else 'has'} no gateway: the"
            " routes name the interface alone, as for PPP or a tunnel."
        )
    if learned or without:
        yield (
            "An uplink whose next hop, or whose address, is absent for a second is failed, whatever"
            " its rules say: the lease ended or names no router, no router is advertised. The"
            " traffic goes to the best of the others at once. When it is back, the uplink recovers"
            " like any failed one. One that has had no next hop since the start is unknown, and"
            " not used."
        )


def tables(policy: Policy) -> Iterator[str]:
    """Paragraphs about the table of the routes and the rules that lead to it."""
    placement = policy.placement
    said = _capital(table_in_words(policy))
    if not placement.own:
        yield f"{said}. No routing rule is made."
        if _unwritten(policy):
            yield (
                "Default routes of others stand in the same table: one with a lower metric than"
                " ours takes the traffic, whatever is decided. `table: own` does away with that."
            )
        return
    small = [
        f"{placement.table_of(position)} ({name})" for position, name in enumerate(policy.names)
    ]
    yield (
        f"{said}. Each uplink has a small table beside it, with its one default route, whatever its"
        f" health: {listed(small)}. The default routes of others in main stay as they are, and no"
        " longer matter."
    )


def rules(policy: Policy) -> Iterator[str]:
    """What the rules of ours do, in their order; nothing where there are none."""
    placement = policy.placement
    if not placement.own:
        return
    yield "all packets: table main, except its default routes (neighbours stay there)"
    interfaces = {name: policy.named(name)[0].interface for name in policy.names}
    for position, name in enumerate(policy.names):
        yield (
            f"packets of a socket that is bound to {interfaces[name]} (the probes): table"
            f" {placement.table_of(position)}"
        )
    if placement.source_rules:
        for position, name in enumerate(policy.names):
            yield (
                f"packets from an address of {interfaces[name]}, so that answers leave by the line"
                f" that the question came in on: table {placement.table_of(position)}"
            )
    yield f"everything else, from the first selection on: table {placement.table}"


def also(policy: Policy) -> Iterator[str]:
    """Which prefixes move with the default route, where there are any."""
    if policy.placement.also:
        yield (
            f"With the default route move {listed(list(map(str, policy.placement.also)))}: each has"
            " a route beside every default route of ours of its family, with the same metric and"
            " next hop."
        )


def all_down(policy: Policy) -> Iterator[str]:
    """What becomes of traffic that no uplink can carry, where that is not the usual thing."""
    if policy.placement.when_all_down is WhenAllDown.STAY:
        return
    without = [family for family in Family if family not in policy.families]
    yield (
        "While no uplink answers, traffic is refused at once: senders here and in the LAN get the"
        " error 'unreachable'. It never takes a default route of somebody else: a route of type"
        f" unreachable always stands last in table {policy.placement.table}, from the first"
        " selection on, also while the engine does not run."
    )
    if without:
        yield (
            f"The policy has no uplink of {listed(list(map(str, without)))}: nothing is refused"
            " there."
        )


def about_rules() -> str:
    """What is so for each of them."""
    return (
        f"They all have preference {PREFERENCE}, the last before main's own, and protocol"
        f" {PROTOCOL}: a VPN that makes rules of its own keeps its traffic. `cleanup` takes them"
        " out, and the routes."
    )


def at_the_end(policy: Policy) -> Iterator[str]:
    """What becomes of routes and rules of ours, where that is not the usual thing."""
    if policy.on_exit is OnExit.RESTORE:
        yield (
            "When somebody ends the engine, our routes and rules go, in each family where a default"
            " route of somebody else remains in main that can carry the traffic (on_exit). A"
            " restart moves the traffic there and back."
        )


def _unwritten(policy: Policy) -> list[Uplink]:
    return [uplink for uplink in policy.uplinks if uplink.written_gateway is None]


def _with(policy: Policy, mode: GatewayMode) -> list[Uplink]:
    return [uplink for uplink in policy.uplinks if uplink.gateway is mode]


def _several(uplinks: list[Uplink]) -> bool:
    return len({uplink.name for uplink in uplinks}) > 1


def _gateway_of(policy: Policy, uplinks: list[Uplink]) -> str:
    several = _several(uplinks)
    return f"the {'gateways' if several else 'gateway'} of {_names(policy, uplinks)}" + (
        " are" if several else " is"
    )


def _capital(said: str) -> str:
    return said[0].upper() + said[1:]


def _names(policy: Policy, uplinks: list[Uplink]) -> str:
    """Their names, each once; with the family where it is so for one of two."""
    families: dict[str, list[Family]] = {}
    for uplink in uplinks:
        families.setdefault(uplink.name, []).append(uplink.family)
    return listed(
        [
            name
            if len(found) == len(policy.families_of(name))
            else policy.label(policy.named(name)[policy.families_of(name).index(found[0])].id)
            for name, found in families.items()
        ]
    )
