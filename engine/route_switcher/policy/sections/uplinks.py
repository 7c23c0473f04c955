"""The `uplinks` section: what each uplink means, and what the uplinks mean to each other."""

from collections.abc import Collection, Iterator, Sequence

from route_switcher.core.vocabulary.uplinks import DEMOTION, Family, GatewayMode, Uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.enabled import KEY
from route_switcher.policy.sections.gateways import ONLINK, read_gateways
from route_switcher.policy.sections.tables import stands_in_main
from route_switcher.policy.yaml.reader import Path

SECTION = "uplinks"

METRIC_STEP = 10
"""Metrics that are not written are 10, 20, 30 … within a family: the seed's."""

HIGHEST_METRIC = 100_000
"""The highest that the schema allows."""

IFNAMSIZ = 16
"""Bytes that the kernel has for an interface name and its closing zero (linux/if.h)."""

ROUTER_ADVERTISEMENT_METRIC = 1024
"""IP6_RT_PRIO_USER (linux/ipv6_route.h): IPv6 routes from router advertisements stand there."""


def names(findings: Findings) -> Collection[str]:
    """The names of the uplinks that are written, sound or not, in order of preference."""
    return dict.fromkeys(str(path[-1]) for path in findings.entries((SECTION,)))


def read_uplinks(findings: Findings) -> tuple[Uplink, ...]:
    """Every uplink that is sound, in order of preference, one entry for each of its families.

    Reports the problems of the others.
    """
    uplinks = tuple(_sound_uplinks(findings))
    taken: dict[tuple[str, Family], str] = {}
    for uplink in uplinks:
        if findings.get((SECTION, uplink.name, KEY)) is False:
            continue  # another one may have its interface meanwhile
        other = taken.setdefault((uplink.interface, uplink.family), uplink.name)
        place = (SECTION, uplink.name, "interface")
        if other != uplink.name and findings.sound(place):
            findings.report(
                "duplicate-interface",
                place,
                f"{quoted(uplink.interface)} carries the {uplink.family} uplink {quoted(other)}"
                " already",
                "an interface carries one uplink of each family: remove one, or name another"
                " interface",
            )
    told: set[Path] = set()
    in_main = stands_in_main(findings, uplinks)
    for family in Family:
        _check_metrics(findings, [u for u in uplinks if u.family is family], told, in_main=in_main)
    return uplinks


def _sound_uplinks(findings: Findings) -> Iterator[Uplink]:
    positions = dict.fromkeys(Family, 0)
    # The position in its family, and so the metric, is certain only while no family is unknown.
    certain = True
    for path in findings.entries((SECTION,)):
        interface = findings.get((*path, "interface"))
        if isinstance(interface, str):
            _check_interface(findings, (*path, "interface"), interface)
        gateways = read_gateways(findings, path)
        if gateways is None:
            certain = False
            continue
        for family in gateways:
            positions[family] += 1
        written = findings.get((*path, "metric"))
        known = certain or written is not None
        if not known or not isinstance(interface, str) or not findings.sound(path):
            continue
        onlink = findings.get((*path, ONLINK))
        for family, gateway in gateways.items():
            learned = isinstance(gateway, GatewayMode)
            yield Uplink(
                str(path[-1]),
                interface,
                gateway,
                written if isinstance(written, int) else METRIC_STEP * positions[family],
                family,
                findings.get((*path, "carrier")) == "ignore",
                onlink if isinstance(onlink, bool) and not learned else None,
            )


_IMPOSSIBLE = {
    "lo": ("is the loopback interface, this machine itself", "name the interface of the line"),
    **dict.fromkeys(
        ("all", "default"),
        (
            "is no interface: the kernel keeps this word for settings of every interface",
            "name one interface, as `ip link` shows it",
        ),
    ),
}
"""What is wrong with words that are no interface of a line, and what to write instead."""


def _check_interface(findings: Findings, path: Path, interface: str) -> None:
    if trouble := _IMPOSSIBLE.get(interface):
        what, hint = trouble
        findings.report("bad-value", path, f"{quoted(interface)} {what}", hint)
        return
    if "%d" in interface:
        # dev_alloc_name() (net/core/dev.c): a number takes its place, so no name has it.
        name = interface.replace("%d", "0")
        findings.report(
            "bad-value",
            path,
            f"{quoted(interface)} is a pattern by which the kernel makes names, and not a name",
            f"write the name itself, such as {name}",
        )
        return
    try:
        length = len(interface.encode())
    except UnicodeEncodeError:
        findings.report(
            "bad-value", path, f"{quoted(interface)} is not an interface name", "write it as text"
        )
        return
    if length >= IFNAMSIZ:
        findings.report(
            "bad-value",
            path,
            f"{quoted(interface)} has {length} bytes",
            f"the kernel allows {IFNAMSIZ - 1} bytes in an interface name",
        )


def _check_metrics(
    findings: Findings, uplinks: Sequence[Uplink], told: set[Path], *, in_main: bool
) -> None:
    """Report metrics of one family with which the kernel would not take the active uplink, except
    those at places that were `told` of. `in_main`: the routes stand in the main table."""
    for position, uplink in enumerate(uplinks):
        path = (SECTION, uplink.name, "metric")
        subject = "the metric" if path in findings.document.values else "the default metric"
        # Compared in place: a call for each pair takes seconds where a file has thousands.
        conflicts = (
            earlier
            for earlier in uplinks[:position]
            if not earlier.metric < uplink.metric < earlier.metric + DEMOTION
        )
        trouble = _own_metric_trouble(uplink) if in_main else None
        if trouble is None and (earlier := next(conflicts, None)):
            trouble = _order_trouble(earlier, uplink)
        # An uplink of two families writes one metric: it is told of once.
        if trouble and path not in told:
            told.add(path)
            code, relation, hint = trouble
            findings.report(code, path, f"{subject} {uplink.metric} {relation}", hint)


def _own_metric_trouble(uplink: Uplink) -> tuple[str, str, str] | None:
    """Code, what the metric does in main, and a hint; None if nothing is wrong with it."""
    if uplink.family is Family.IPV4:
        return None
    if uplink.metric == ROUTER_ADVERTISEMENT_METRIC:
        return (
            "metric-collision",
            "is that of IPv6 router advertisements",
            "write another metric",
        )
    if uplink.demoted_metric == ROUTER_ADVERTISEMENT_METRIC:
        return (
            "metric-collision",
            f"is {uplink.demoted_metric} while demoted, that of IPv6 router advertisements",
            "write another metric",
        )
    return None


def _order_trouble(earlier: Uplink, uplink: Uplink) -> tuple[str, str, str]:
    """How the metric of `uplink`, which is less preferred, conflicts with that of `earlier`."""
    name, metric = quoted(earlier.name), uplink.metric
    least = earlier.metric + 1
    # None above is allowed where the other has the highest.
    enough = f"write {least} or more" if least <= HIGHEST_METRIC else "lower the other one"
    if metric == earlier.metric:
        return (
            "metric-collision",
            f"is that of the uplink {name} already",
            f"metrics rise in order of preference: {enough}",
        )
    if metric < earlier.metric:
        return (
            "metric-order",
            f"is below {earlier.metric}, that of the preferred uplink {name}",
            f"metrics rise in order of preference: {enough}, or put this uplink first",
        )
    if metric == earlier.demoted_metric:
        return (
            "metric-collision",
            f"is that of the uplink {name} while demoted ({earlier.metric} + {DEMOTION})",
            f"metrics of a family lie less than {DEMOTION} apart",
        )
    return (
        "metric-order",
        f"is above {earlier.demoted_metric}, that of the uplink {name} while demoted:"
        " the kernel would still prefer it",
        f"metrics of a family lie less than {DEMOTION} apart",
    )
