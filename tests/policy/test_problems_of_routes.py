"""What a person can get wrong about tables."""

import pytest

from route_switcher.policy.load import load_text
from support.told import check, told

NUMBER_HINT = "write main, own, or a number from 1 to 4294967295, except 253 to 255"
WORD_HINT = (
    "write main, own, or a number without quotes: names from /etc/iproute2/rt_tables are not read"
)
FREE = "write for example 115"


def routes(written: str, uplinks: int = 2) -> str:
    """A policy of so many uplinks whose second line holds `routes`, its value from column 9."""
    lines = (
        f"  u{n}: {{interface: e{n}, gateway: auto, metric: {n + 1}}}\n" for n in range(uplinks)
    )
    return f"version: 1\nroutes: {written}\nuplinks:\n{''.join(lines)}"


ROUTES = {
    "a table where a mapping is wanted": (
        routes("own"),
        [
            "2:9-12 bad-value: 'own' is not a mapping about where routes stand",
            "write {table: own}",
        ],
    ),
    "no routes key": (
        routes("{}"),
        [
            "2:9-11 bad-value: {} is not a mapping about where routes stand",
            "write for example {table: own}",
        ],
    ),
    "a misspelt table": (
        routes("{tabel: own}"),
        ["2:10-15 unknown-key: unknown key 'tabel'", "did you mean 'table'?"],
    ),
    "source rules by another word": (
        routes("{source_rules: maybe}"),
        ["2:24-29 bad-value: 'maybe' is not true or false", "write true or false"],
    ),
    "table 0": (
        routes("{table: 0}"),
        ["2:17-18 bad-value: 0 is not a routing table", NUMBER_HINT],
    ),
    "a table of more than 32 bits": (
        routes("{table: 4294967296}"),
        ["2:17-27 bad-value: 4294967296 is not a routing table", NUMBER_HINT],
    ),
    "a table in quotes": (
        routes("{table: '200'}"),
        ["2:17-22 bad-value: '200' is not a routing table", WORD_HINT],
    ),
    "a table by its name": (
        routes("{table: isp-table}"),
        ["2:17-26 bad-value: 'isp-table' is not a routing table", WORD_HINT],
    ),
    "own in capitals": (
        routes("{table: OWN}"),
        ["2:17-20 bad-value: 'OWN' is not a routing table", "did you mean 'own'?"],
    ),
    "main by its number": (
        routes("{table: 254}"),
        ["2:17-20 bad-table: 254 is the table main", "write main"],
    ),
    "the table of local addresses": (
        routes("{table: 255}"),
        ["2:17-20 bad-table: 255 is the table 'local' of the kernel", FREE],
    ),
    "the table default": (
        routes("{table: 253}"),
        ["2:17-20 bad-table: 253 is the table 'default' of the kernel", FREE],
    ),
    "the table of the hooks": (
        routes("{table: 1115}"),
        [
            "2:17-21 bad-table: 1115 is the table of the hooks for DHCP clients, which no rule"
            " may lead to",
            FREE,
        ],
    ),
    "small tables that would be main's": (
        routes("{table: 251}", uplinks=3),
        [
            "2:17-20 bad-table: 251 needs the tables up to 254 too, one for each uplink, and 253"
            " is the table 'default' of the kernel",
            FREE,
        ],
    ),
    "small tables that would be the hooks'": (
        routes("{table: 1113}"),
        [
            "2:17-21 bad-table: 1113 needs the tables up to 1115 too, one for each uplink, and"
            " 1115 is the table of the hooks for DHCP clients, which no rule may lead to",
            FREE,
        ],
    ),
    "another word for what is refused": (
        routes("{table: own, when_all_down: blackhole}"),
        [
            "2:37-46 bad-value: 'blackhole' is not what becomes of traffic while no uplink answers",
            "did you mean 'unreachable'?",
        ],
    ),
    "refusing in main": (
        routes("{table: main, when_all_down: unreachable}"),
        [
            "2:38-49 needs-own-table: in the main table it would refuse probes too, and"
            " foreign default routes could come first",
            "write 'table: own' instead of 'table: main'",
        ],
    ),
    "small tables of more than 32 bits": (
        routes("{table: 4294967294}"),
        [
            "2:17-27 bad-table: 4294967294 needs the tables up to 4294967296 too, one for each"
            " uplink, and 4294967295 is the last one that there is",
            FREE,
        ],
    ),
}


@pytest.mark.parametrize("case", ROUTES.values(), ids=ROUTES)
def test_where_routes_stand(case: tuple[str, list[str]]) -> None:
    check(*case)


def test_where_all_gateways_are_written_refusing_needs_a_table_of_our_own() -> None:
    text = routes("{when_all_down: unreachable}")
    load_text(text.replace("metric: 1}", "metric: 9}").replace("metric: 2}", "metric: 11}"), "it")
    (problem,) = told(
        "version: 1\nroutes: {when_all_down: unreachable}\n"
        "uplinks: {a: {interface: eth0, gateway: 192.0.2.1}}\n"
    )
    assert problem.startswith("2:25-36 needs-own-table")
    assert problem.endswith("write 'table: own' beside it")


def test_the_first_metric_is_that_of_what_refuses_all() -> None:
    assert told(routes("{when_all_down: unreachable}")) == [
        "4:46-47 metric-collision: the metric 1 is reserved for the route that refuses traffic"
        " ('when_all_down: unreachable') | write 2 or more"
    ]


def test_a_family_more_takes_no_table_more() -> None:
    text = routes("{table: 250}").replace("auto", "auto, families: [ipv4, ipv6]")
    assert load_text(text, "it").placement.table_of(1) == 252


def test_so_many_uplinks_that_our_own_table_has_no_room_are_told_at_the_section() -> None:
    text = routes("{source_rules: true}", uplinks=138)
    (problem,) = told(text)
    assert problem == (
        "2:1-7 bad-table: 115 needs the tables up to 253 too, one for each uplink, and 253 is the"
        " table 'default' of the kernel | write for example 256"
    )
    assert told(text.replace("source_rules: true", "table: 1000")) == [
        "2:17-21 bad-table: 1000 needs the tables up to 1138 too, one for each uplink, and 1115"
        " is the table of the hooks for DHCP clients, which no rule may lead to | write for"
        " example 256"
    ]
