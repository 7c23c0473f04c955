"""Whatever a machine has, the draft made of it is a policy, and says what is in the way."""

from ipaddress import ip_address, ip_interface

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from route_switcher.core.routing.conflicts import conflicts
from route_switcher.core.vocabulary.routes import PROTOCOL, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.drafting.notes import MAX_TOLD
from route_switcher.drafting.text import scalar
from route_switcher.kernel.host.snapshot import HostSnapshot, Interface
from route_switcher.policy.load import load_text
from support.hosts import BOOT, DHCP, RA, STATIC, read, uncommented


@given(st.text())
def test_a_scalar_is_read_as_the_text_that_it_was(text: str) -> None:
    if text.isprintable():
        assert yaml.safe_load(f"- {scalar(text)}") == [text]


NAMES = st.sampled_from(["eth0", "eth1", "wwan0", "no", "1", "a@b", "a!b", "-", "e\u2028x", "#x"])
NAMES |= st.text(max_size=15).filter(lambda name: name != "?")
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6) | st.just(ip_address("fe80::1"))
NUMBERS = st.integers(0, 30) | st.integers(0, 2**32 - 1) | st.integers(900, 3100)
PROTOCOLS = st.sampled_from([0, 2, BOOT, STATIC, RA, DHCP, PROTOCOL, 186, 250])
ROUTES = st.builds(
    Route,
    st.sampled_from(Family),
    NAMES,
    st.none() | V4 | V6,
    NUMBERS,
    PROTOCOLS,
    st.sampled_from(RouteKind),
)
INTERFACES = st.builds(
    Interface,
    NAMES,
    st.booleans(),
    st.lists((V4 | V6).map(lambda a: ip_interface(f"{a}/24")), max_size=2).map(tuple),
    st.lists(V4 | V6, max_size=2).map(tuple),
    st.none() | st.just("sysctl -w x=2"),
    st.booleans(),
)
MACHINES = st.builds(
    HostSnapshot,
    st.lists(INTERFACES, max_size=6, unique_by=lambda each: each.name).map(tuple),
    st.lists(ROUTES, max_size=12).map(lambda routes: tuple(sorted(routes, key=lambda r: r.metric))),
    st.lists(ROUTES, max_size=3).map(tuple),
)


@settings(max_examples=60)
@given(MACHINES)
def test_every_draft_is_a_valid_policy_of_its_uplinks(host: HostSnapshot) -> None:
    drafted, _, policy = read(host)
    assert policy.uplinks == drafted.uplinks
    for family in policy.families if not policy.placement.own else ():
        names = {str(route) for route in conflicts(policy.uplinks_of(family), host.routes)}
        told = [task for task in drafted.tasks if any(name in task.text for name in names)]
        assert len(told) >= min(len(names), MAX_TOLD)


@settings(max_examples=60)
@given(MACHINES)
def test_every_offered_uplink_is_valid_once_it_is_completed(host: HostSnapshot) -> None:
    drafted, text, policy = read(host)
    assume(policy.families != (Family.IPV6,))  # another family needs a target as well
    gateways = {e.name: "192.0.2.9" for e in drafted.entries if not e.gateways}
    gateways = {name: each for name, each in gateways.items() if "-v6" not in name}
    completed = uncommented(text, **gateways).replace("interface: '?'", "interface: only-here")
    names = [uplink.name for uplink in load_text(completed, "draft").uplinks]
    assert {*names} == {uplink.name for uplink in policy.uplinks} | gateways.keys()
