import socket
import threading
import time

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.stream import _LAST_REPLIES, PacketStream
from route_switcher.lab.topology import Lab
from support.noticed import noticed, stamps
from support.running import eventually

pytestmark = pytest.mark.kernel


DROP = """
table inet closed {
  counter dropped { }
  chain input {
    type filter hook input priority filter; udp dport 7 counter name dropped drop
  }
}
"""


def lead_out(lab: Lab) -> None:
    for family in Family:
        uplink = lab.uplinks[0]
        leads = ["default", "via", str(uplink.gateway_of(family)), "dev", uplink.interface]
        lab.run("router", "ip", "route", "add", *leads)


def wait_until_sent(stream: PacketStream, count: int) -> None:
    enough = len(stamps(stream)) + count
    eventually(lambda: len(stamps(stream)) >= enough, f"{count} packets more")


def wait_until_known(lab: Lab, stream: PacketStream, dropped: bool = False) -> float:
    """Wait until all that was sent before this call has come back, or was dropped in the internet:
    packets stay in their order. The time of the call."""
    now = time.monotonic()

    def drops() -> int:
        if not dropped:
            return 0
        shown = lab.run("internet", "nft", "list", "counter", "inet", "closed", "dropped")
        return int(shown.split("packets ")[1].split()[0])

    def known() -> bool:
        # The next one is sent when the one before has been sent for sure.
        before = stream.outage(until=now).sent
        return stamps(stream)[-1:] > [now] and len(stream.round_trips()) + drops() >= before

    eventually(known, "what becomes of all packets up to now")
    return now


@pytest.mark.parametrize("family", Family)
def test_nothing_is_lost_when_nothing_is_wrong(lab: Lab, family: Family) -> None:
    lead_out(lab)
    with PacketStream(lab, target=lab.targets(family)[0]) as stream:
        # A busy machine may lose packets while the neighbours are asked for.
        eventually(lambda: bool(stream.round_trips()), "the stream")
        warm = time.monotonic()
        wait_until_sent(stream, 500)
    outage = stream.outage(warm)
    assert outage.sent > 400
    assert (outage.lost, outage.milliseconds) == (0, 0.0)
    whole = stream.outage()
    assert len(stream.round_trips()) == whole.sent - whole.lost


def test_an_outage_made_by_hand_is_found_where_it_was(lab: Lab) -> None:
    lead_out(lab)
    with PacketStream(lab) as stream:
        eventually(lambda: bool(stream.round_trips()), "the stream")
        warm = time.monotonic()
        wait_until_sent(stream, 200)
        whole_until = wait_until_known(lab, stream)
        lab.run("internet", "nft", "-f", "-", given=DROP)
        broken_for_sure = time.monotonic()
        wait_until_sent(stream, 200)
        mended = wait_until_known(lab, stream, dropped=True)
        lab.run("internet", "nft", "flush", "ruleset")
        mended_for_sure = time.monotonic()
        wait_until_sent(stream, 200)
    before, after = stream.outage(warm, whole_until), stream.outage(mended_for_sure)
    least, most = (
        stream.outage(broken_for_sure, mended),
        stream.outage(whole_until, mended_for_sure),
    )
    whole = stream.outage(warm)
    assert (before.lost, after.lost) == (0, 0)
    assert before.sent > 0
    assert after.sent > 0
    assert least.lost == least.sent > 0
    assert least.lost <= whole.lost == most.lost <= most.sent
    assert least.milliseconds <= whole.milliseconds
    last_before = max(at for at in stamps(stream) if at <= whole_until)
    first_after = min(at for at in stamps(stream) if at >= mended_for_sure)
    assert whole.milliseconds <= 1000 * (first_after - last_before)
    assert 1000 * noticed(stream) <= whole.milliseconds
    entire = stream.outage()
    assert entire.sent == len(stream.round_trips()) + entire.lost


def test_an_answer_that_takes_longer_than_one_will_wait_is_lost(lab: Lab) -> None:
    lead_out(lab)
    with PacketStream(lab, rate=100) as stream:
        eventually(lambda: bool(stream.round_trips()), "the stream")
        warm = time.monotonic()
        wait_until_sent(stream, 20)
    assert stream.outage(warm, patience=60.0).lost == 0
    assert stream.outage(patience=0.0).lost == stream.outage().sent > 0


def test_replies_that_our_own_threads_have_not_read_are_waited_for(lab: Lab) -> None:
    """However long a busy machine lets them wait."""
    lead_out(lab)
    released = threading.Event()

    class Held(PacketStream):
        def _echo(self, internet: socket.socket) -> None:
            released.wait()
            super()._echo(internet)

    threading.Timer(4 * _LAST_REPLIES, released.set).start()
    with Held(lab, rate=100) as stream:
        wait_until_sent(stream, 20)
    assert stream.outage().lost == 0


@pytest.mark.parametrize("dies", ["_echo", "_receive"])
def test_it_stops_though_a_thread_of_it_has_died(
    lab: Lab, dies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_out(lab)
    monkeypatch.setattr(PacketStream, dies, lambda stream, its_socket: None)
    with PacketStream(lab, rate=100) as stream:
        wait_until_sent(stream, 20)
    assert stream.outage().lost == stream.outage().sent > 0


def test_with_no_route_at_all_everything_is_lost(lab: Lab) -> None:
    with PacketStream(lab, rate=100) as stream:
        wait_until_sent(stream, 20)
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
        sending = next(t for t in threading.enumerate() if t.name == "stream send")
        sending.join(60)
        assert not sending.is_alive()
        assert stream.outage().sent <= 10
    assert threading.active_count() <= before
