"""Pages of ours that a browser is shown, with what is hardest on them: long names, much trouble."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.past.troubles import Kind, Trouble
from route_switcher.reporting.page import page as reported
from route_switcher.simulation.episodes import Episode
from route_switcher.simulation.network import Network, WanLine
from route_switcher.simulation.page import Simulated, page
from route_switcher.simulation.simulate import SimulationResult, simulate
from support.lived import NOON, Lives
from support.pinging import pinging, target
from support.world import World, policy, uplink

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


def report_page() -> str:
    """Of two lines with long names, with all kinds of trouble, and some time without an engine."""
    rules = policy(uplink(LONG, 0), uplink("<b>lte</b>", 1))
    there = World(rules).run(1000.0)
    for _ in range(40):
        there.outage(LONG, there.now + 7.0)
        there.run(there.now + 40.0)
    there.link(LONG, up=False, carrier=False)
    there.run(there.now + 500.0)
    there.link(LONG)
    there.silence("<b>lte</b>")
    there.run(there.now + 500.0)
    lives = Lives()
    lives.add(there, rules, ends=there.now)
    lives.add(World(rules).run(500.0), rules, ahead=NOON + 2 * there.now)
    told = lives.account(NOON + 2 * there.now + 500.0)
    told = replace(told, troubles=(*told.troubles, *_poor(told.uplinks[1])))
    return reported(told, told.uplinks)


def _poor(its: UplinkId) -> Iterator[Trouble]:
    for begin in range(100, 900, 200):
        begins = NOON + begin
        yield Trouble(its, Kind.POOR, begins, begins + 60, "rule brown-out: 31 % lost")


PAGES: Mapping[str, Callable[[], str]] = {
    "simulate": simulation_page,
    "comparison": comparison_page,
    "report": report_page,
}
