"""Probes that ask resolvers, which answer rightly, wrongly, too much, from elsewhere, or not."""

import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

import dns.message
import dns.rcode
import dns.rrset
import pytest
import trio
import trio.testing

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.checks import DnsQuery
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import dns_query
from route_switcher.probes.counters import Counters
from route_switcher.probes.interface import ADDRESS_FAMILY
from route_switcher.probes.prober import Egress
from route_switcher.probes.registry import open_prober
from support.icmp_errors import send_error
from support.loopback import LONG, SHORT, TARGETS, targets_on_loopback
from support.odd_resolver import PORT, Script, answer, giving, resolving, truncated

pytestmark = pytest.mark.kernel

GOOD, FAILED = RoundOutcome.GOOD, RoundOutcome.FAILED
RESOLVER = {family: TARGETS[family][0] for family in Family}
ADDRESS = "203.0.113.7"
QUERY = DnsQuery("www.example.net", "A")
RIGHT = DnsQuery("www.example.net", "A", frozenset({ADDRESS}))
families = pytest.mark.parametrize("family", Family, ids=str)


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


async def asked(
    check: DnsQuery,
    family: Family = Family.IPV4,
    within: float = LONG,
    counters: Counters | None = None,
) -> RoundResult:
    """What a round comes to."""
    egress = Egress(interface="lo", family=family, counters=counters or Counters())
    with open_prober(egress, check) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            result = await prober.ask((RESOLVER[family],), 1, within)
            nursery.cancel_scope.cancel()
    return result


def records(kind: str, *values: str) -> Script:
    def script(question: dns.message.Message) -> Iterable[bytes]:
        response = dns.message.make_response(question)
        response.answer.append(
            dns.rrset.from_text(question.question[0].name, 60, "IN", kind, *values)
        )
        return [response.to_wire()]

    return script


def refusing(code: dns.rcode.Rcode) -> Script:
    def script(question: dns.message.Message) -> Iterable[bytes]:
        response = dns.message.make_response(question)
        response.set_rcode(code)
        return [response.to_wire()]

    return script


@families
@pytest.mark.parametrize("check", [QUERY, RIGHT])
async def test_a_resolver_that_answers_rightly_is_good(family: Family, check: DnsQuery) -> None:
    async with resolving(RESOLVER[family].name, giving("198.51.100.99", ADDRESS)) as resolver:
        result = await asked(check, family)
    assert result.outcome is GOOD
    assert result.answers[0].rtt is not None
    assert resolver.asked == [check.name]


@pytest.mark.parametrize(
    ("record", "value", "written"),
    [
        ("AAAA", "2001:db8::7", "2001:db8::7"),
        ("TXT", '"v=1 " "go"', "v=1 go"),
        ("MX", "10 Mail.example.net.", "10 mail.example.net"),
        ("NS", "ns.example.net.", "ns.example.net"),
        ("CNAME", "other.example.net.", "other.example.net"),
        ("PTR", "host.example.net.", "host.example.net"),
    ],
)
async def test_each_type_of_record_has_its_values(record: str, value: str, written: str) -> None:
    check = DnsQuery("www.example.net", record, frozenset({written}))
    async with resolving(RESOLVER[Family.IPV4].name, records(record, value)):
        assert (await asked(check)).outcome is GOOD
    check = DnsQuery("www.example.net", record, frozenset({"another"}))
    async with resolving(RESOLVER[Family.IPV4].name, records(record, value)):
        result = await asked(check)
    assert (result.outcome, result.reason) == (
        FAILED,
        f"the resolver answers {written} for www.example.net, not another",
    )


async def test_an_alias_leads_to_the_record() -> None:
    def script(question: dns.message.Message) -> Iterable[bytes]:
        response = dns.message.make_response(question)
        name = question.question[0].name
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "b.example."))
        response.answer.append(dns.rrset.from_text("b.example.", 60, "IN", "A", ADDRESS))
        return [response.to_wire()]

    async with resolving(RESOLVER[Family.IPV4].name, script):
        assert (await asked(RIGHT)).outcome is GOOD


REASONS: dict[str, tuple[Script, str]] = {
    "lies": (
        giving("198.51.100.99"),
        "the resolver answers 198.51.100.99 for www.example.net, not 203.0.113.7",
    ),
    "failure": (
        refusing(dns.rcode.SERVFAIL),
        "the resolver could not find out (SERVFAIL)",
    ),
    "no name": (
        refusing(dns.rcode.NXDOMAIN),
        "the resolver says that the name does not exist (NXDOMAIN)",
    ),
    "refusal": (refusing(dns.rcode.REFUSED), "the resolver refuses to answer (REFUSED)"),
    "another code": (refusing(dns.rcode.NOTAUTH), "the resolver answers NOTAUTH"),
    "no record": (giving(), "the resolver knows no A record of www.example.net"),
    "many": (
        records("A", *[f"198.51.100.{n}" for n in range(1, 61)]),
        "the resolver answers 198.51.100.1, 198.51.100.10, 198.51.100.11 and 57 more for"
        " www.example.net, not 203.0.113.7",
    ),
}


@pytest.mark.parametrize("why", REASONS)
async def test_a_wrong_answer_is_told_in_words(why: str) -> None:
    script, reason = REASONS[why]
    async with resolving(RESOLVER[Family.IPV4].name, script):
        result = await asked(RIGHT)
    assert (result.outcome, result.reason) == (FAILED, reason)


async def test_what_a_resolver_says_cannot_obey_a_terminal() -> None:
    check = DnsQuery("www.example.net", "TXT", frozenset({"x"}))
    async with resolving(RESOLVER[Family.IPV4].name, records("TXT", r'"\027[2Jred\255"')):
        assert "answers \\x1b[2Jred\\xff for" in (await asked(check)).reason


@families
async def test_an_answer_that_is_cut_short_is_asked_for_by_tcp(family: Family) -> None:
    def cut(question: dns.message.Message) -> Iterable[bytes]:
        return [truncated(question)]

    async with resolving(RESOLVER[family].name, cut, giving(ADDRESS)) as resolver:
        assert (await asked(RIGHT, family)).outcome is GOOD
    assert len(resolver.asked) == 2


async def test_more_than_is_read_is_no_answer() -> None:
    many = [f"10.{n >> 8}.{n & 255}.1" for n in range(1000)]

    def cut(question: dns.message.Message) -> Iterable[bytes]:
        return [truncated(question)]

    def long(question: dns.message.Message) -> Iterable[bytes]:
        return [answer(question, *many).to_wire(max_size=65535)]

    async with resolving(RESOLVER[Family.IPV4].name, cut, long):
        result = await asked(QUERY)
    assert result.outcome is FAILED
    assert "more than 4096" in result.reason


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an ICMP error no answer is waited for."""
    monkeypatch.setattr(dns_query, "STILL_COMES", 0.0)


@pytest.mark.usefixtures("soon")
@families
async def test_a_resolver_that_is_not_there_says_so_at_once(family: Family) -> None:
    result = await asked(QUERY, family)
    assert (result.outcome, result.reason) == (FAILED, "no resolver there (port closed)")


@pytest.mark.usefixtures("however_late")
async def test_a_silent_resolver_fails_after_the_timeout() -> None:
    async with resolving(RESOLVER[Family.IPV4].name, lambda _: []):
        result = await asked(QUERY, within=SHORT)
    assert result.outcome is FAILED
    assert result.reason == "no answer within 0.5 s"


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("family", "kind", "code", "reason"),
    [
        (Family.IPV4, 3, 1, "gateway or target unreachable"),
        (Family.IPV4, 3, 2, "rejected on the way"),  # protocol unreachable
        (Family.IPV4, 3, 4, "rejected on the way"),  # fragmentation needed
        (Family.IPV4, 3, 5, "rejected on the way"),  # source route failed
        (Family.IPV4, 3, 7, "gateway or target unreachable"),  # host unknown
        (Family.IPV4, 3, 8, "gateway or target unreachable"),  # host isolated
        (Family.IPV6, 1, 1, "rejected on the way"),  # prohibited
        (Family.IPV6, 2, 0, "rejected on the way"),  # packet too big
        (Family.IPV6, 4, 1, "rejected on the way"),  # unrecognized next header
    ],
)
async def test_what_icmp_tells_of_a_question_is_a_failed_round_and_no_mistake_of_ours(
    family: Family, kind: int, code: int, reason: str
) -> None:
    there = RESOLVER[family].name, PORT
    with trio.socket.socket(ADDRESS_FAMILY[family], socket.SOCK_DGRAM) as resolver:
        await resolver.bind(there)

        async def reject() -> None:
            _, asker = await resolver.recvfrom(4096)
            send_error(family, kind, code, asker[:2], there)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(reject)
            result = await asked(QUERY, family)
    assert (result.outcome, result.reason) == (FAILED, reason)


@families
async def test_a_forged_icmp_error_does_not_keep_the_answer_out(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_query, "STILL_COMES", LONG)
    kind, code = (3, 3) if family is Family.IPV4 else (1, 4)
    there = RESOLVER[family].name, PORT
    with trio.socket.socket(ADDRESS_FAMILY[family], socket.SOCK_DGRAM) as resolver:
        await resolver.bind(there)

        async def answer_late() -> None:
            question, asker = await resolver.recvfrom(4096)
            for _ in range(3):
                send_error(family, kind, code, asker[:2], there)
                await trio.testing.wait_all_tasks_blocked()
            await resolver.sendto(right(question), asker)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer_late)
            result = await asked(QUERY, family)
    assert result.outcome is GOOD


@asynccontextmanager
async def forging(
    family: Family, forge: Callable[[bytes], bytes], source: tuple[str, int]
) -> AsyncIterator[None]:
    """To each question a forged answer comes from this source, and no other."""
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    with trio.socket.socket(kind, socket.SOCK_DGRAM) as there:
        await there.bind((RESOLVER[family].name, PORT))

        async def serve(sender: trio.socket.SocketType) -> None:
            while True:
                question, asker = await there.recvfrom(4096)
                await sender.sendto(forge(question), asker)

        async with trio.open_nursery() as nursery:
            if source == (RESOLVER[family].name, PORT):
                nursery.start_soon(serve, there)
                yield
            else:
                with trio.socket.socket(kind, socket.SOCK_DGRAM) as liar:
                    await liar.bind(source)
                    nursery.start_soon(serve, liar)
                    yield
                    nursery.cancel_scope.cancel()
            nursery.cancel_scope.cancel()


def right(wire: bytes) -> bytes:
    return answer(dns.message.from_wire(wire), ADDRESS).to_wire()


def wrong_number(wire: bytes) -> bytes:
    return bytes([wire[0] ^ 1]) + right(wire)[1:]


def wrong_question(wire: bytes) -> bytes:
    other = dns.message.make_query("www.example.com", "A", id=int.from_bytes(wire[:2]))
    return answer(other, ADDRESS).to_wire()


FORGED = {
    "address": (right, "wrong_source"),
    "port": (right, "wrong_source"),
    "number": (wrong_number, "wrong_token"),
    "question": (wrong_question, "unasked"),
    "no message": (lambda wire: wire[:2] + b"\xff" * 40, "malformed"),
    "the question itself": (lambda wire: wire, "unasked"),
}


@families
@pytest.mark.parametrize("what", FORGED)
async def test_a_forged_answer_is_counted_and_not_believed(family: Family, what: str) -> None:
    forge, counted = FORGED[what]
    source = (RESOLVER[family].name, PORT)
    if what == "address":
        source = (TARGETS[family][1].name, PORT)
    if what == "port":
        source = (RESOLVER[family].name, PORT + 1)
    counters, results = Counters(), []

    async def ask() -> None:
        results.append(await asked(RIGHT, family, LONG, counters))

    async with forging(family, forge, source), trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        with trio.fail_after(60):
            while getattr(counters, counted) == 0:  # noqa: ASYNC110 (it is about a count)
                await trio.sleep(0.001)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert results == []
    assert getattr(counters, counted) == 1


async def test_numbers_and_ports_differ_from_round_to_round() -> None:
    seen = set()

    def noting(wire: bytes) -> bytes:
        seen.add(wire[:2])
        return right(wire)

    async with forging(Family.IPV4, noting, (RESOLVER[Family.IPV4].name, PORT)):
        for _ in range(5):
            assert (await asked(RIGHT)).outcome is GOOD
    assert len(seen) > 1
