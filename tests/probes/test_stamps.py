import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.probes.stamps import SO_TIMESTAMPNS_NEW, arrival, stamp_of

SECOND = 1_000_000_000
WALL = 1_700_000_000 * SECOND


def test_a_stamp_is_found_among_other_ancillary_data() -> None:
    stamp = struct.pack("=qq", 1_700_000_000, 5)
    other = (socket.IPPROTO_IP, socket.IP_TTL, b"\x40\0\0\0")
    ours = (socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, stamp)
    assert stamp_of([other, ours]) == WALL + 5


def test_no_stamp_and_half_a_stamp_are_none() -> None:
    assert stamp_of([]) is None
    assert stamp_of([(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, b"\0" * 8)]) is None


def test_a_packet_read_late_arrived_when_it_was_stamped() -> None:
    assert arrival(WALL - 15 * SECOND, WALL, now=100.0, emptied_at=84.0) == 85.0


def test_a_stamp_of_the_future_is_not_believed() -> None:
    assert arrival(WALL + SECOND, WALL, now=100.0, emptied_at=84.0) is None


def test_a_stamp_older_than_the_empty_queue_is_not_believed() -> None:
    assert arrival(WALL - 17 * SECOND, WALL, now=100.0, emptied_at=84.0) is None


def test_a_wall_clock_that_ntp_slews_is_believed() -> None:
    # Emptied and stamped at 85; 15 s later the wall clock has run 7.5 ms too far.
    slewed = WALL + 15 * SECOND + 7_500_000
    assert arrival(WALL, slewed, now=100.0, emptied_at=85.0) == 85.0


@given(st.integers(-(10**12), 10**12), st.floats(0, 1e6), st.floats(0, 1e6))
def test_an_arrival_lies_between_the_last_reading_and_now(
    age: int, emptied_at: float, since: float
) -> None:
    now = emptied_at + since
    arrived = arrival(WALL - age, WALL, now, emptied_at)
    assert arrived is None or emptied_at <= arrived <= now
