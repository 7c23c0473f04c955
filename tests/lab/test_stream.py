import threading
import time

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab

pytestmark = pytest.mark.kernel


DROP = """
table inet closed {
  chain input {
    type filter hook input priority filter; policy drop;
  }
}
"""


def lead_out(lab: Lab) -> None:
    for family in Family:
        uplink = lab.uplinks[0]
        leads = ["default", "via", str(uplink.gateway_of(family)), "dev", uplink.interface]
        lab.run("router", "ip", "route", "add", *leads)


@pytest.mark.parametrize("family", Family)
def test_nothing_is_lost_when_nothing_is_wrong(lab: Lab, family: Family) -> None:
    lead_out(lab)
    with PacketStream(lab, target=lab.targets(family)[0]) as stream:
        time.sleep(1)
    outage = stream.outage()
    assert outage.sent > 0
    assert (outage.lost, outage.milliseconds) == (0, 0.0)
    assert len(stream.round_trips()) == outage.sent


def test_an_outage_made_by_hand_is_found_where_it_was(lab: Lab) -> None:
    lead_out(lab)
    with PacketStream(lab) as stream:
        time.sleep(0.3)
        broken = time.monotonic()
        lab.run("internet", "nft", "-f", "-", given=DROP)
        broken_for_sure = time.monotonic()
        time.sleep(0.4)
        mended = time.monotonic()
        lab.run("internet", "nft", "flush", "ruleset")
        mended_for_sure = time.monotonic()
        time.sleep(0.3)
    # A packet stamped just before the break may leave just after it.
    before, after = stream.outage(until=broken - 0.1), stream.outage(mended_for_sure)
    least, most = (
        stream.outage(broken_for_sure, mended),
        stream.outage(broken - 0.1, mended_for_sure),
    )
    whole = stream.outage()
    assert (before.lost, after.lost) == (0, 0)
    assert before.sent > 0
    assert after.sent > 0
    assert least.lost == least.sent > 0
    assert least.lost <= whole.lost == most.lost <= most.sent
    assert least.milliseconds <= whole.milliseconds
    assert whole.milliseconds <= 1000 * (mended_for_sure - broken + 0.1)
    assert whole.sent == len(stream.round_trips()) + whole.lost


def test_an_answer_that_takes_longer_than_one_will_wait_is_lost(lab: Lab) -> None:
    lead_out(lab)
    with PacketStream(lab, rate=100) as stream:
        time.sleep(0.2)
    assert stream.outage(patience=10.0).lost == 0
    assert stream.outage(patience=0.0).lost == stream.outage().sent > 0


def test_with_no_route_at_all_everything_is_lost(lab: Lab) -> None:
    with PacketStream(lab, rate=100) as stream:
        time.sleep(0.2)
    outage = stream.outage()
    assert outage.lost == outage.sent > 0
    assert outage.milliseconds > 0


def test_an_interval_without_packets_has_no_outage(lab: Lab) -> None:
    with PacketStream(lab, rate=10) as stream:
        pass
    assert stream.outage(since=time.monotonic()).sent == 0


def test_it_stops_by_itself_and_leaves_no_thread(lab: Lab) -> None:
    before = threading.active_count()
    with PacketStream(lab, rate=100, seconds=0.1) as stream:
        time.sleep(0.3)
        assert stream.outage().sent <= 10
    assert threading.active_count() <= before
