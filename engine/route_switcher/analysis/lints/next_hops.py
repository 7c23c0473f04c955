"""Next hops and tables that will not do what they seem to say."""

from route_switcher.analysis.lints.context import LintContext
from route_switcher.core.vocabulary.policy import OnExit, WhenAllDown
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.policy.sections import tables
from route_switcher.policy.sections.exit import ON_EXIT
from route_switcher.policy.sections.gateways import GATEWAY
from route_switcher.text.quantities import listed

_ETHERNET = ("eth", "en", "wl", "br", "bond", "lan")
"""What the names of interfaces begin with on which neighbours are asked for by ARP or ND."""

_POINT_TO_POINT = ("ppp", "tun", "wg")
"""What those begin with that often have no default route of anybody, so that none is learned."""

_OTHERS = {52: "Tailscale", 220: "strongSwan", 51820: "wg-quick"}
"""Tables that well-known programs use."""

_TABLE = (tables.SECTION, tables.TABLE)


def doubt_modes(context: LintContext) -> None:
    """Uplinks without a gateway that need one, and ones with nobody to learn it from."""
    for path, name in context.names():
        for uplink in context.policy.named(name):
            interface = uplink.interface
            if uplink.gateway is GatewayMode.NONE and interface.startswith(_ETHERNET):
                context.warn(
                    "no-gateway-on-ethernet",
                    (*path, GATEWAY),
                    f"{interface} looks like an Ethernet: without a gateway this machine would look"
                    " for every host of the internet on the wire itself",
                    "write auto, or the address of the router",
                )
                break
            if uplink.gateway is GatewayMode.AUTO and _has_nobody_to_learn_from(uplink):
                context.note(
                    "auto-on-point-to-point",
                    (*path, GATEWAY),
                    f"{interface} looks like a point-to-point link: auto learns its next hop only"
                    " if a program writes a default route through it",
                    "write none if no program does",
                )
                break


def _has_nobody_to_learn_from(uplink: Uplink) -> bool:
    # With PPP, IPv6 comes by router advertisements (RFC 5072), as on an Ethernet.
    by_advertisements = uplink.family is Family.IPV6 and uplink.interface.startswith("ppp")
    return uplink.interface.startswith(_POINT_TO_POINT) and not by_advertisements


def doubt_table(context: LintContext) -> None:
    """Tables in which others decide, or that others use, and rules that are never made."""
    placement, policy = context.policy.placement, context.policy
    auto = {u.name: None for u in policy.uplinks if u.gateway is GatewayMode.AUTO}
    if auto and not placement.own:
        context.note(
            "learned-in-main",
            _TABLE,
            f"the default routes from which the gateway of {listed(list(auto))} is learned stand in"
            " main too: one with a lower metric than ours, such as metric 0 of udhcpc and dhclient,"
            " takes the traffic",
            "remove 'table: main', or give those routes a metric above ours",
        )
    if (
        not placement.own
        and (tables.SECTION, tables.SOURCE_RULES) in context.findings.document.keys
    ):
        context.note(
            "unused-source-rules",
            (tables.SECTION, tables.SOURCE_RULES),
            f"'{tables.SOURCE_RULES}' has no effect: the routes stand in main, so no rule is made",
            "remove it, or write 'table: own' beside it",
            on_key=True,
        )
    if placement.when_all_down is WhenAllDown.UNREACHABLE and policy.on_exit is OnExit.RESTORE:
        context.warn(
            "restore-lets-traffic-out",
            (ON_EXIT,),
            "while the engine is stopped, or restarts, traffic takes the default route of somebody"
            f" else, which '{tables.WHEN_ALL_DOWN}: unreachable' is there to prevent",
            "remove it, or write keep",
        )
    last = placement.table_of(len(policy.names) - 1)
    for table, program in _OTHERS.items():
        if placement.own and placement.table <= table <= last:
            context.note(
                "table-of-others",
                _TABLE,
                f"our tables are {placement.table} to {last}, and {program} uses {table}",
                "write another number if that program may run here",
            )
