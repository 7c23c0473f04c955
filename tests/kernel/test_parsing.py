"""Whatever bytes arrive: they are read, or counted and dropped."""

import struct
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.routes import Change, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink import links, messages, netlink
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import KernelError, Replies
from route_switcher.kernel.rtnetlink.framing import (
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    Discarded,
    Message,
    past_ipv4_defaults,
    split,
)

KINDS = (NLMSG_ERROR, NLMSG_DONE, RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE)
PARSERS: tuple[Callable[[Message], object], ...] = (
    messages.default_route,
    links.link,
    links.usable_address,
    messages.acknowledgement,
)


def attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def message(kind: int, body: bytes, flags: int = 0, sequence: int = 1) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0) + body


def route_body(
    family: int = 2, dst_len: int = 0, table: int = 254, attributes: bytes = b""
) -> bytes:
    return struct.pack("=8BI", family, dst_len, 0, 0, table, 115, 0, 1, 0) + attributes


attributes = st.lists(
    st.builds(
        attribute,
        st.one_of(st.sampled_from((1, 4, 5, 6, 8, 9, 18, 30)), st.integers(0, 0xFFFF)),
        st.binary(max_size=40),
    ),
    max_size=5,
).map(b"".join)
bodies = st.one_of(
    st.binary(max_size=100),
    st.builds(route_body, st.sampled_from((2, 10, 7)), st.just(0), st.just(254), attributes),
    st.builds(bytes.__add__, st.binary(min_size=8, max_size=20), attributes),
)
datagrams = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.builds(message, st.sampled_from(KINDS), bodies, st.integers(0, 0xFFFF)), max_size=4
    ).map(b"".join),
    st.builds(
        lambda whole, cut: whole[:cut],
        st.builds(message, st.sampled_from(KINDS), bodies),
        st.integers(0, 60),
    ),
)


@given(datagrams)
def test_arbitrary_bytes_are_read_or_refused(datagram: bytes) -> None:
    for each in split(datagram, Discarded()):
        for parse in PARSERS:
            with suppress(MalformedMessageError):
                parse(each)


@given(datagrams)
def test_arbitrary_bytes_are_never_taken_for_the_end_of_the_defaults(datagram: bytes) -> None:
    """Only a route with a prefix that is not 0.0.0.0 shows that no default follows."""
    if past_ipv4_defaults(datagram):
        assert struct.pack("=H", RTM_NEWROUTE) in datagram
        assert any(datagram)


def test_what_stands_behind_the_defaults_ends_them() -> None:
    default = message(RTM_NEWROUTE, route_body())
    low = message(RTM_NEWROUTE, route_body(dst_len=8, attributes=attribute(1, bytes(4))))
    other = message(RTM_NEWROUTE, route_body(dst_len=8, attributes=attribute(1, b"\1\0\0\0")))
    done = message(NLMSG_DONE, bytes(4))
    assert past_ipv4_defaults(default + low + other)
    for datagram in (b"", default, low, other + default, other + done, other[:30]):
        assert not past_ipv4_defaults(datagram)


@given(st.lists(datagrams, max_size=5), st.integers(0, 3))
def test_arbitrary_answers_end_in_nothing_worse_than_a_refusal(
    answers: list[bytes], sequence: int
) -> None:
    replies = Replies(sequence, Discarded())
    for answer in answers:
        try:
            replies.feed(answer, 0)
        except KernelError:
            assert replies.complete


def test_hops_of_length_0_do_not_loop() -> None:
    body = route_body(attributes=attribute(9, bytes(16)))
    (only,) = split(message(RTM_NEWROUTE, body), Discarded())
    with pytest.raises(MalformedMessageError):
        messages.default_route(only)


def test_malformed_datagrams_are_counted() -> None:
    discarded = Discarded()
    good = message(RTM_NEWLINK, bytes(16))
    for datagram in (b"x", good + b"\1", good[:-1], struct.pack("=IHHII", 3, 16, 0, 0, 0)):
        list(split(datagram, discarded))
    assert discarded.malformed == 4


def test_routes_that_are_no_defaults_of_the_main_table_are_skipped() -> None:
    bodies = (route_body(), route_body(dst_len=24), route_body(table=255), route_body()[:8])
    datagram = b"".join(message(RTM_NEWROUTE, body) for body in bodies)
    assert [each.data for each in split(datagram, Discarded())] == [
        message(RTM_NEWROUTE, route_body())
    ]


def test_an_interrupted_dump_is_noticed_even_in_a_message_without_interest() -> None:
    replies = Replies(1, Discarded())
    replies.feed(message(RTM_NEWROUTE, route_body(dst_len=24), NLM_F_DUMP_INTR), 0)
    replies.feed(message(NLMSG_DONE, bytes(4)), 0)
    assert replies.complete
    assert replies.interrupted


def test_answers_to_others_and_from_others_are_ignored() -> None:
    discarded = Discarded()
    replies = Replies(1, discarded)
    replies.feed(message(NLMSG_DONE, bytes(4), sequence=2), 0)
    replies.feed(message(NLMSG_DONE, bytes(4)), sender=4711)
    assert not replies.complete
    assert discarded.not_from_kernel == 1


def test_a_refusal_carries_the_kernels_words() -> None:
    words = attribute(1, b"Nexthop has invalid gateway.\0")
    error = struct.pack("=i16x", -101) + words
    with pytest.raises(KernelError) as caught:
        Replies(1, Discarded()).feed(message(NLMSG_ERROR, error, flags=0x200), 0)
    assert (caught.value.code, caught.value.text) == (101, "Nexthop has invalid gateway")


def test_a_refusal_with_the_whole_request_in_it_is_no_success() -> None:
    """As from a kernel without NETLINK_CAP_ACK: what follows are no attributes."""
    error = struct.pack("=i16x", -101) + route_body()
    with pytest.raises(KernelError) as caught:
        Replies(1, Discarded()).feed(message(NLMSG_ERROR, error), 0)
    assert (caught.value.code, caught.value.text) == (101, "")


@given(
    st.sampled_from(list(Family)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 2**31 - 1),
    st.data(),
)
def test_what_is_asked_for_reads_back(
    family: Family, metric: int, index: int, data: st.DataObject
) -> None:
    gateway = data.draw(st.ip_addresses(v=family.value))
    route = Route(family, "eth0", ip_address(str(gateway)), metric)
    (asked,) = split(messages.route_change(Change.ADD, route, index, 1), Discarded())
    assert messages.default_route(asked) == messages.DefaultRoute(
        family, metric, route.protocol, RouteKind.UNICAST, (messages.Hop(index, route.gateway),)
    )


@pytest.mark.parametrize("index", [2**31, 2**32 - 1])
def test_an_index_that_no_interface_can_have_is_one_that_no_interface_has(index: int) -> None:
    raw = struct.pack("=I", index)
    (link,) = split(message(RTM_NEWLINK, bytes(4) + raw + bytes(8)), Discarded())
    found = links.link(link)
    assert found is not None
    links.address_dump(found.index, 1)
    hop = struct.pack("=HBB", 8, 0, 0) + raw
    (route,) = split(message(RTM_NEWROUTE, route_body(attributes=attribute(9, hop))), Discarded())
    several = messages.default_route(route)
    assert several is not None
    assert netlink.as_routes(several, {}) == []


@pytest.mark.parametrize("error", [-(2**31), -4096, 1, 2**31 - 1])
def test_a_refusal_with_a_number_that_is_no_errno_is_malformed(error: int) -> None:
    discarded = Discarded()
    replies = Replies(1, discarded)
    replies.feed(message(NLMSG_ERROR, struct.pack("=i16x", error)), 0)
    assert replies.complete
    assert discarded.malformed == 1
