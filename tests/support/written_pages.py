"""Pages of ours that a browser is shown, with what is hardest on them: long names, much trouble."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.simulation.episodes import Episode
from route_switcher.simulation.network import Network, WanLine
from route_switcher.simulation.page import Simulated, page
from route_switcher.simulation.simulate import SimulationResult, simulate
from support.pinging import pinging, target

LONG = "the_fibre_of_the_provider_whose_name_has_no_place_to_break_at"
"""A name of an uplink, without a place where a line could end."""


def _policy() -> Policy:
    uplinks = tuple(
        Uplink(name, f"eth{n}", ip_address(f"198.51.100.{n + 1}"), 10 * (n + 1), Family.IPV4)
        for n, name in enumerate((LONG, "<b>lte</b>"))
    )
    probe = pinging("internet", target("203.0.113.1"), timeout=0.5)
    rule = Rule("no-internet", ConsecutiveFailures("internet", 1), Recover(1.0))
    return Policy(uplinks, (probe,), (rule,), False)


def _simulated() -> SimulationResult:
    dead = (Episode(0.5, 2.0), *(Episode(10.0 * n, 10.0 * n + 3.0) for n in range(3, 60)))
    lines = {
        LONG: WanLine(dead=dead),
        "<b>lte</b>": WanLine(dead=(Episode(595.0, 700.0),), brown=(Episode(300.0, 400.0),)),
    }
    return simulate(_policy(), Network(lines, {}), 600.0)


def simulation_page() -> str:
    """Of one policy."""
    return page([Simulated("./dual-wan.yaml", "version: 1\n" + "# " * 300, _simulated())], ["seed"])


def comparison_page() -> str:
    """Of two policies with long names."""
    one = _simulated()
    names = ("./policies/of/the/branch/office/dual-wan.yaml", LONG)
    return page([Simulated(name, "version: 1\n", one) for name in names], ["seed 1"])


PAGES: Mapping[str, Callable[[], str]] = {
    "simulate": simulation_page,
    "comparison": comparison_page,
}
