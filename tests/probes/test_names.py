"""Targets by name are looked up through the uplink, by resolvers whose answers are odd."""

import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise

import dns.message
import dns.rcode
import dns.rrset
import pytest
import trio

from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.checks import TcpConnect
from route_switcher.core.vocabulary.events import Answers, Round
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.policy.load import load_text
from route_switcher.probes import dns_query, lookup, named_targets, resolvers
from route_switcher.probes.lookup import MOST_ADDRESSES, look_up
from route_switcher.probes.prober import Egress, Prober
from route_switcher.probes.registry import open_prober
from route_switcher.probes.schedule import repeat
from route_switcher.probes.timing import Timing
from support.loopback import LONG, TARGETS, targets_on_loopback
from support.odd_resolver import PORT, Script, answer, giving, resolving, truncated
from support.pinging import pinging

pytestmark = pytest.mark.kernel

FAMILIES = list(Family)
RESOLVER = {family: TARGETS[family][0].name for family in Family}
SERVED = 7777
CHECK = TcpConnect(SERVED, refused_is_good=True)


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is in this process, and as busy as that."""
    monkeypatch.setattr(lookup, "PATIENCE", LONG)


def name(family: Family, text: str = "www.example.net") -> Target:
    return Target.named(text, (ip_address(RESOLVER[family]),))


def egress(family: Family = Family.IPV4, interface: str = "lo") -> Egress:
    return Egress(interface=interface, family=family)


@asynccontextmanager
async def probing(family: Family) -> AsyncIterator[Prober]:
    with open_prober(egress(family), CHECK) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            yield prober
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("family", FAMILIES)
async def test_the_resolver_of_the_policy_is_asked(family: Family) -> None:
    target = name(family)
    script = giving(TARGETS[family][1].name)
    async with resolving(RESOLVER[family], script) as resolver, probing(family) as prober:
        result = await prober.ask((target,), 1, LONG)
        again = await prober.ask((target,), 1, LONG)
    assert result.outcome is again.outcome is RoundOutcome.GOOD
    (answered,) = result.answers
    assert (answered.target, answered.target.address) == (target, TARGETS[family][1].name)
    assert resolver.asked == ["www.example.net"]


async def test_names_and_addresses_stand_beside_each_other() -> None:
    family = Family.IPV4
    targets = (TARGETS[family][2], name(family), name(family, "gone.example"))

    def script(question: dns.message.Message) -> Iterable[bytes]:
        if str(question.question[0].name).startswith("gone"):
            response = dns.message.make_response(question)
            response.set_rcode(dns.rcode.NXDOMAIN)
            return [response.to_wire()]
        return [answer(question, TARGETS[family][1].name).to_wire()]

    async with resolving(RESOLVER[family], script), probing(family) as prober:
        two = await prober.ask(targets, 2, LONG)
        three = await prober.ask(targets, 3, LONG)
    assert two.outcome is RoundOutcome.GOOD
    assert [each.target for each in two.answers] == list(targets)
    assert three.outcome is RoundOutcome.UNKNOWN
    assert three.reason == (
        "2 of 3 answered, 3 needed: gone.example was not"
        f" looked up: {RESOLVER[family]}: it says NXDOMAIN"
    )


def wrong_number(question: dns.message.Message) -> bytes:
    response = answer(question, "203.0.113.66")
    response.id ^= 1
    return response.to_wire()


def wrong_question(question: dns.message.Message) -> bytes:
    other = dns.message.make_query("evil.example", "A")
    other.id = question.id
    return answer(other, "203.0.113.66").to_wire()


async def test_forged_and_broken_answers_are_counted_and_not_believed() -> None:
    through = egress()

    def script(question: dns.message.Message) -> Iterable[bytes]:
        right = answer(question, "203.0.113.7").to_wire()
        yield from (wrong_number(question), wrong_question(question), b"", right[:20], b"x" * 5000)
        yield right

    async with resolving(RESOLVER[Family.IPV4], script):
        assert await look_up(through, name(Family.IPV4)) == (("203.0.113.7",), 60.0)
    counters = through.counters
    assert (counters.wrong_token, counters.unasked, counters.malformed) == (3, 1, 1)


async def test_an_answer_from_another_address_is_not_heard() -> None:
    def script(question: dns.message.Message) -> Iterable[bytes]:
        forged.sendto(answer(question, "203.0.113.66").to_wire(), asker[0])
        return [answer(question, "203.0.113.7").to_wire()]

    asker: list[tuple[str, int]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forged:
        forged.bind((TARGETS[Family.IPV4][1].name, PORT))
        async with resolving(RESOLVER[Family.IPV4], script) as resolver:
            noted = resolver.question

            def question(wire: bytes) -> dns.message.Message:
                (port,) = ports()
                asker.append((RESOLVER[Family.IPV4], port))
                return noted(wire)

            resolver.question = question  # type: ignore[method-assign]
            came = await look_up(egress(), name(Family.IPV4))
    assert came == (("203.0.113.7",), 60.0)


def ports() -> list[int]:
    """The ports of UDP sockets here that ask (proc(5), /proc/net/udp)."""
    found = []
    with open("/proc/net/udp") as file:
        for line in file.readlines()[1:]:
            port = int(line.split()[1].split(":")[1], 16)
            if port != PORT:
                found.append(port)
    return found


def chain(question: dns.message.Message, *names: str) -> bytes:
    """Aliases from one name to the next, and an address of the last if it is no earlier one."""
    response = dns.message.make_response(question)
    every = [str(question.question[0].name), *names]
    for one, other in pairwise(every):
        response.answer.append(dns.rrset.from_text(one, 60, "IN", "CNAME", other))
    if len(set(every)) == len(every):
        response.answer.append(dns.rrset.from_text(every[-1], 7, "IN", "A", "203.0.113.9"))
    return response.to_wire()


def tcp_size(size: int) -> Script:
    """An answer by TCP that says that it is so long."""
    return lambda _: [b"x" * size]


def many(count: int) -> Script:
    def script(question: dns.message.Message) -> Iterable[bytes]:
        every = [f"203.0.{n // 250}.{n % 250 + 1}" for n in range(count)]
        return [answer(question, *every).to_wire(max_size=65535)]

    return script


@pytest.mark.parametrize(
    ("udp", "tcp", "words"),
    [
        (lambda q: [truncated(q)], tcp_size(65535), "an answer of 65535 bytes, more than 4096"),
        (lambda q: [truncated(q)], many(4000), "bytes, more than 4096"),
        (lambda q: [truncated(q)], lambda q: [truncated(q)[:9]], "no answer to the question"),
        (lambda q: [truncated(q)], lambda _: [], "the connection was closed"),
        (lambda q: [chain(q, "a.example.", "www.example.net.")], None, "cannot be understood"),
        (lambda q: [chain(q, *(f"{n}.example." for n in range(40)))], None, "cannot be understood"),
        (giving("127.0.0.1", "0.0.0.0"), None, "no address that can be asked"),
        (giving(), None, "no IPv4 address"),
    ],
)
async def test_what_a_resolver_says_makes_no_uplink_fail(
    udp: Script, tcp: Script | None, words: str
) -> None:
    async with resolving(RESOLVER[Family.IPV4], udp, tcp):
        came = await look_up(egress(), name(Family.IPV4))
    assert isinstance(came, RequestFault)
    assert came.outcome is RoundOutcome.UNKNOWN
    assert words in came.words


async def test_a_long_answer_by_tcp_and_an_alias_are_followed() -> None:
    resolver = RESOLVER[Family.IPV4]
    async with resolving(resolver, lambda q: [truncated(q)], many(200)):
        came = await look_up(egress(), name(Family.IPV4))
    assert not isinstance(came, RequestFault)
    assert len(came[0]) == MOST_ADDRESSES
    async with resolving(resolver, lambda q: [chain(q, "b.example.")]):
        assert await look_up(egress(), name(Family.IPV4)) == (("203.0.113.9",), 7.0)


@pytest.mark.usefixtures("however_late")
async def test_silence_of_every_resolver_fails_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PATIENCE", 0.1)
    target = Target.named(
        "www.example.net", tuple(ip_address(t.name) for t in TARGETS[Family.IPV4])
    )
    async with resolving(RESOLVER[Family.IPV4], lambda _: []):
        came = await look_up(egress(), target)
        async with probing(Family.IPV4) as prober:
            result = await prober.ask((target,), 1, LONG)
    assert isinstance(came, RequestFault)
    # The others have no resolver: their kernel refuses.
    assert came.outcome is RoundOutcome.FAILED
    assert came.words.endswith(f"{TARGETS[Family.IPV4][2]}: connection refused")
    assert result.outcome is RoundOutcome.FAILED


async def test_the_second_resolver_is_asked_where_the_first_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dns_query, "STILL_COMES", 0.0)
    family = Family.IPV4
    target = Target.named("a.example", tuple(ip_address(t.name) for t in TARGETS[family][1:]))
    async with resolving(TARGETS[family][2].name, giving("203.0.113.7")):
        assert await look_up(egress(), target) == (("203.0.113.7",), 60.0)


async def test_a_lookup_leaves_by_its_interface_or_not_at_all() -> None:
    async with resolving(RESOLVER[Family.IPV4], giving("203.0.113.7")) as resolver:
        came = await look_up(egress(interface="gone0"), name(Family.IPV4))
    assert isinstance(came, RequestFault)
    assert came.words.endswith("interface missing")
    assert resolver.asked == []


@pytest.mark.parametrize(
    ("text", "usable", "words"),
    [
        ("nameserver 127.0.0.53\nnameserver ::1\n", (), "only this machine (127.0.0.53, ::1)"),
        ("", (), "no IPv4 resolver"),
        ("# nameserver 9.9.9.9\nnameserver\nnameserver x\n", (), "no IPv4 resolver"),
        ("nameserver 127.0.0.1\nnameserver 203.0.113.1\noptions x\n", ("203.0.113.1",), ""),
        ("nameserver fe80::1%eth0\nnameserver\t203.0.113.1 x\n", ("203.0.113.1",), ""),
    ],
)
def test_resolvers_of_the_system(
    text: str,
    usable: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("etc") / "resolv.conf"
    file.write_text(text)
    monkeypatch.setattr(resolvers, "RESOLV_CONF", file)
    target = Target.named("a.example")
    assert resolvers.resolvers_for(target, Family.IPV4) == usable
    if not usable:
        assert words in resolvers.why_none(target, Family.IPV4)
        assert "write 'resolver: 9.9.9.9'" in resolvers.why_none(target, Family.IPV4)


def test_an_engine_that_cannot_look_up_its_targets_says_what_to_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("etc") / "resolv.conf"
    file.write_text("nameserver 127.0.0.53\n")
    monkeypatch.setattr(resolvers, "RESOLV_CONF", file)
    text = (
        "version: 1\nuplinks: {a: {interface: eth0, gateway: 192.0.2.1}}\n"
        "probes: {p: {type: icmp, targets: [a.example, 203.0.113.1]}}\n"
    )
    (why,) = resolvers.lacking_resolvers(load_text(text, "it"))
    assert why == (
        f"{file} names only this machine (127.0.0.53) to look up a.example:"
        " write 'resolver: 9.9.9.9'"
    )
    named = text.replace("type: icmp", "type: icmp, resolver: 9.9.9.9")
    assert resolvers.lacking_resolvers(load_text(named, "it")) == []


async def test_a_name_that_is_left_out_is_looked_up_and_its_new_address_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(named_targets, "SHORTEST", 0.05)
    family, target = Family.IPV4, name(Family.IPV4)
    first, second = (each.name for each in TARGETS[family][1:])
    left_out: dict[Target, str] = {}
    back = trio.Event()

    async def report(event: Round | Answers) -> None:
        assert isinstance(event, Round)
        (answered,) = event.answers
        if answered.target.address == first:
            left_out[target] = "it is led elsewhere"
            resolver.udp = giving(second, ttl=0)
        elif answered.target.address == second:
            left_out.clear()
            if answered.rtt is not None:
                back.set()

    probe = replace(pinging("other", target, interval=0.02), check=CHECK)
    line = Uplink("lo", "lo", ip_address(first), 10, family)
    timing = Timing(Pace(probe, []))
    async with (
        resolving(RESOLVER[family], giving(first, ttl=0)) as resolver,
        probing(family) as prober,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(repeat, line, probe, prober, report, timing, False, lambda: left_out)
        with trio.fail_after(LONG):
            await back.wait()
        nursery.cancel_scope.cancel()
