"""Flows of a LAN client through the router, which translates: whom they follow after a switch."""

from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.lan_flows import Flow, download, ping, snat, tracked, translate, udp
from support.running import Start, eventually
from support.written_policy_files import policy_text

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(
        not Path("/proc/net/nf_conntrack").exists(),
        reason="no /proc/net/nf_conntrack in this kernel",
    ),
]

NAT = {"masquerade": lambda lab: None, "snat": snat}
SOME = 20
"""Packets after which a flow that follows would have followed."""


def more(flow: Flow, count: int = SOME) -> None:
    """Wait until the client has sent so many more packets."""
    enough = flow.sent + count
    eventually(lambda: flow.sent >= enough, f"{count} packets more")


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("nat", NAT)
@pytest.mark.parametrize("key", ["", "previous", "all"])
def test_connections_follow_the_switch_as_the_policy_says(
    lab: Lab, start: Start, nat: str, key: str, family: Family
) -> None:
    NAT[nat](lab)
    written = f"after_switch: {{conntrack: {key}}}\n" if key else ""
    engine = start(policy_text(lab, (family,)) + written)
    primary, secondary = (
        u.address.ip if family is Family.IPV4 else u.address_v6.ip for u in lab.uplinks
    )
    suffix = "" if family is Family.IPV4 else "-v6"
    engine.wait_for_health(f"primary{suffix}", f"secondary{suffix}")
    with ExitStack() as stack:
        flows = [stack.enter_context(make(lab, family)) for make in (udp, ping, download)]
        eventually(lambda: all(flow.answered for flow in flows), "all of them work")
        assert {address for _, address in tracked(lab, family)} == {primary}
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        engine.wait_for("decision", selected=f"secondary{suffix}")
        ended = engine.wait_for("conntrack")
        assert ended.fields["problem"] == ""
        eventually(
            lambda: {address for _, address in tracked(lab, family)} == {secondary},
            "no flow has the dead line's address",
        )
        eventually(flows[2].cut.is_set, "the download is cut, and does not hang")
        FAULTS["blackhole"].heal(lab, lab.uplinks[0])
        engine.wait_for("decision", selected=f"primary{suffix}")
        engine.wait_for("conntrack", family=str(family), again=False)
        eventually(
            lambda: {address for _, address in tracked(lab, family)} == {primary},
            "no flow has the costly line's address",
        )
        answered = [flow.answered for flow in flows[:2]]
        eventually(
            lambda: all(f.answered > a for f, a in zip(flows, answered, strict=False)),
            "they work again",
        )


def test_without_ending_them_connections_keep_the_address_that_snat_gave_them(
    lab: Lab, start: Start
) -> None:
    snat(lab)
    engine = start(policy_text(lab) + "after_switch: {conntrack: none}\n")
    primary = lab.uplinks[0].address.ip
    engine.wait_for_health("primary", "secondary")
    with udp(lab) as flow, download(lab) as loading:
        eventually(lambda: bool(flow.answered and loading.answered), "both work")
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        engine.wait_for("decision", selected="secondary")
        more(flow)
        assert tracked(lab) == {("udp", primary), ("tcp", primary)}
        FAULTS["blackhole"].heal(lab, lab.uplinks[0])
        engine.wait_for("decision", selected="primary")
        answered = flow.answered, loading.answered
        eventually(
            lambda: flow.answered > answered[0] and loading.answered > answered[1],
            "both go on where they were",
        )
        assert flow.hears(primary)
        assert not loading.cut.is_set()
        assert engine.said("conntrack") == []


def test_marked_connections_and_those_of_another_uplink_stay_as_they_are(
    lab: Lab, start: Start
) -> None:
    snat(lab)
    mark = (
        "chain pre { type filter hook prerouting priority mangle; udp dport 7007 ct mark set 1; }"
    )
    lab.run(ROUTER, "nft", "-f", "-", given=f"table inet marks {{ {mark}; }}")
    other = lab.uplinks[1]
    lab.run(ROUTER, *f"ip route add default via {other.gateway} dev eth1 table 200".split())
    steer = "ip rule add iif lan0 ipproto udp dport 7008 lookup 200 pref 100"
    lab.run(ROUTER, *steer.split())
    engine = start(policy_text(lab))
    primary, secondary = (uplink.address.ip for uplink in lab.uplinks)
    engine.wait_for_health("primary", "secondary")
    with udp(lab) as moved, udp(lab, port=7007) as marked, udp(lab, port=7008) as steered:
        eventually(lambda: bool(moved.answered and marked.answered and steered.answered), "all")
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        engine.wait_for("decision", selected="secondary")
        assert engine.wait_for("conntrack", again=False).fields["deleted"] == 1
        eventually(lambda: moved.hears(secondary), "it follows")
        more(marked)
        assert {address for _, address in tracked(lab)} == {primary, secondary}
        eventually(lambda: steered.answered >= steered.sent - 2, "all but those under way")
    assert set(steered.sources) == {secondary}


def test_two_uplinks_with_the_same_address_are_told_of_and_nothing_is_ended(
    lab: Lab, start: Start
) -> None:
    snat(lab)
    primary = lab.uplinks[0].address.ip
    lab.run(ROUTER, *f"ip address add {primary}/32 dev eth1".split())
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    with udp(lab) as flow:
        eventually(lambda: bool(flow.answered), "it works")
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        engine.wait_for("notice", f"secondary has the same address, {primary}")
        more(flow)
        assert tracked(lab) == {("udp", primary)}
    assert engine.said("conntrack") == []


def test_another_address_of_the_active_uplink_ends_those_with_the_old_one(
    lab: Lab, start: Start
) -> None:
    snat(lab)
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    old, new = lab.uplinks[0].address, ip_address("198.51.100.20")
    with udp(lab) as flow:
        eventually(lambda: bool(flow.answered), "it works")
        translate(lab, f"oifname eth0 snat ip to {new}")
        lab.run(ROUTER, *f"ip address add {new}/25 dev eth0".split())
        lab.run(ROUTER, *f"ip address del {old} dev eth0".split())
        ended = engine.wait_for("conntrack", again=False)
        assert ended.fields["left"] == ["primary"]
        assert ended.fields["addresses"] == [str(old.ip)]
        eventually(lambda: tracked(lab) == {("udp", new)}, "it has the new address")
    assert len(engine.said("decision")) == 1


def test_a_dry_run_ends_nothing(lab: Lab, start: Start) -> None:
    lab.run(ROUTER, *f"ip route add default via {lab.uplinks[0].gateway} metric 10".split())
    lab.run(ROUTER, *f"ip route add default via {lab.uplinks[1].gateway} metric 20".split())
    snat(lab)
    engine = start(policy_text(lab), "--dry-run")
    engine.wait_for_health("primary", "secondary")
    with udp(lab) as flow:
        eventually(lambda: bool(flow.answered), "it works")
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        engine.wait_for("conntrack", "would be ended now")
        more(flow)
        assert tracked(lab) == {("udp", lab.uplinks[0].address.ip)}
