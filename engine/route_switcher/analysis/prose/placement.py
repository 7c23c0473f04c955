"""Where next hops come from, and in which table the routes stand, in plain sentences."""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import OWN_TABLE, OnExit, Policy, WhenAllDown
from route_switcher.core.vocabulary.policy_rules import PREFERENCE
from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.text.quantities import listed

WHEN_NONE_ANSWERS = {
    WhenAllDown.STAY: "the traffic stays where it is",
    WhenAllDown.UNREACHABLE: "the kernel refuses the traffic",
}
"""What becomes of it, as a part of a sentence."""


def by_what(uplink: Uplink) -> str:
    """The next hop of an uplink, as a part of a sentence."""
    match uplink.gateway:
        case GatewayMode.AUTO:
            return "by a learned gateway"
        case GatewayMode.NONE:
            return "without a gateway"
        case gateway:
            return f"by {gateway}"


def table_in_words(policy: Policy) -> str:
    """Which table it is and why, in one line."""
    placement = policy.placement
    table = f"table {placement.table} of our own" if placement.own else "table main"
    return f"our routes are in {table}: {why_table(policy)}"


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
            f"{_capital(_gateway_of(policy, learned))} learned from default routes that other"
            " programs write through"
            f" {'their interfaces' if _several(learned) else 'its interface'}, in any"
            " table: a DHCP client, the kernel by router advertisements, NetworkManager. When a"
            " gateway changes, our routes follow, and traffic stays on its uplink. If there are"
            " several gateways, the engine keeps the one in use as long as it exists."
        )
    without = _with(policy, GatewayMode.NONE)
    if without:
        yield (
            f"{_names(policy, without)} {'have' if _several(without) else 'has'} no gateway: the"
            " routes name only the interface, as for PPP or a tunnel."
        )
    if learned or without:
        yield (
            "An uplink without a next hop or an address for a second fails, whatever its rules say:"
            " the lease ended or names no router, or no router is advertised. The"
            " traffic goes at once to the best of the others. When next hop and address are back,"
            " the uplink recovers like any failed one. An uplink that has had no next hop since the"
            " start is unknown, and is not used."
        )


def tables(policy: Policy) -> Iterator[str]:
    """Paragraphs about the table of the routes and the rules that lead to it."""
    placement = policy.placement
    said = _capital(table_in_words(policy))
    if not placement.own:
        yield f"{said}. The engine adds no routing rules."
        if _unwritten(policy):
            yield (
                "Foreign default routes are in the same table. One with a lower metric than ours"
                " takes the traffic, whatever the engine decides. `table: own` prevents that."
            )
        return
    small = [
        f"{placement.table_of(position)} ({name})" for position, name in enumerate(policy.names)
    ]
    yield (
        f"{said}. Each uplink also has a small table, which always has its default route, healthy"
        f" or not: {listed(small)}. Foreign default routes in main stay as they are, and no longer"
        " matter."
    )


def rules(policy: Policy) -> Iterator[str]:
    """What the rules of ours do, in their order; nothing where there are none."""
    placement = policy.placement
    if not placement.own:
        return
    yield "all packets: table main, except its default routes (so local networks stay reachable)"
    interfaces = {name: policy.named(name)[0].interface for name in policy.names}
    for position, name in enumerate(policy.names):
        yield (
            f"packets of a socket that is bound to {interfaces[name]} (the probes): table"
            f" {placement.table_of(position)}"
        )
    if placement.source_rules:
        for position, name in enumerate(policy.names):
            yield (
                f"packets from an address of {interfaces[name]} (answers leave by the line on which"
                f" the question came in): table {placement.table_of(position)}"
            )
    yield f"everything else, from the first selection on: table {placement.table}"


def also(policy: Policy) -> Iterator[str]:
    """Which prefixes move with the default route, where there are any."""
    if policy.placement.also:
        yield (
            f"{listed(list(map(str, policy.placement.also)))} move with the default route: the"
            " engine adds a route for each beside each of our default routes of its family, with"
            " the same metric and next hop."
        )


def all_down(policy: Policy) -> Iterator[str]:
    """What becomes of traffic that no uplink can carry, where that is not the usual thing."""
    if policy.placement.when_all_down is WhenAllDown.STAY:
        return
    without = [family for family in Family if family not in policy.families]
    yield (
        "While no uplink answers, the kernel refuses traffic at once: senders here and in the LAN"
        " get the error 'unreachable'. Traffic never uses a foreign default route: the last route"
        f" in table {policy.placement.table} is always of type unreachable, from the first"
        " selection on, even while the engine does not run."
    )
    if without:
        yield (
            f"The policy has no uplink of {listed(list(map(str, without)))}, so that traffic is not"
            " refused."
        )


def about_rules() -> str:
    """What is so for each of them."""
    return (
        f"They all have preference {PREFERENCE}, directly before the rule of table main, and"
        f" protocol {PROTOCOL}. A VPN with rules of its own keeps its traffic. `cleanup` removes"
        " our rules and routes."
    )


def at_the_end(policy: Policy) -> Iterator[str]:
    """What becomes of routes and rules of ours, where that is not the usual thing."""
    if policy.on_exit is OnExit.RESTORE:
        yield (
            "When somebody ends the engine, it removes our routes and rules, in each family for"
            " which main has a foreign default route that can carry the traffic (on_exit). A"
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
