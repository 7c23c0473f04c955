"""Many questions at once, and questions that get no answer, on the real kernel."""

import resource
import subprocess
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import (
    Refused,
    Unanswered,
    bound_probe,
    own_traffic,
)
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.lookups import AT_ONCE, answers
from route_switcher.kernel.rtnetlink.names import index_of, own_name
from support.asking import TARGETS

pytestmark = pytest.mark.kernel


async def test_many_questions_are_answered_each_for_itself(net: None) -> None:
    """More than one send, and more than a socket's buffer could hold."""
    lookups = []
    for number in range(4 * AT_ONCE + 3):
        target = ip_address(int(TARGETS[Family.IPV6]) + number)
        lookups += [
            own_traffic(target),
            bound_probe(target, "eth1"),
            bound_probe(target, "gone0"),
        ]
    found = await answers(lookups, index_of, own_name, Discarded(), patience=60)
    assert list(found) == lookups
    for lookup, answer in found.items():
        if lookup.out_interface == "gone0":
            assert isinstance(answer, Refused)
        else:
            assert isinstance(answer, KernelRoute)
            assert answer.hops[0].interface == (lookup.out_interface or "eth0")


def add_wide_route(words: str, count: int) -> None:
    """With more words than `ip -batch` takes."""
    gateways = [f"198.51.100.{10 + n % 100} dev eth0 weight {1 + n // 100}" for n in range(count)]
    hops = " ".join(f"nexthop via {gateway}" for gateway in gateways)
    subprocess.run(f"ip route add {words} {hops}".split(), check=True)


async def test_the_largest_answers_fit_into_the_buffer_too(net: None) -> None:
    """Those that fill what the kernel takes for one answer: 4 KiB."""
    target = TARGETS[Family.IPV4]
    add_wide_route(f"{target} metric 5", 200)
    lookups = [own_traffic(target, mark=number) for number in range(3 * AT_ONCE)]
    found = await answers(lookups, index_of, own_name, Discarded(), patience=60)
    for answer in found.values():
        assert isinstance(answer, KernelRoute), answer
        assert len(answer.hops) == 200


async def test_no_time_is_no_answer(net: None) -> None:
    lookup = own_traffic(TARGETS[Family.IPV4])
    found = await answers([lookup], index_of, own_name, Discarded(), patience=0)
    assert found == {lookup: Unanswered("the kernel has not answered within 0 s")}


async def test_no_descriptor_is_no_answer(net: None) -> None:
    lookup = own_traffic(TARGETS[Family.IPV4])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        found = await answers([lookup], index_of, own_name, Discarded(), patience=0.2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert isinstance(found[lookup], Unanswered)
