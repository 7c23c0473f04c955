"""Answers of DNS resolvers, under the number that was asked."""

from random import Random

import dns.message
import dns.rrset

from fuzz.target import Target, spoilt
from route_switcher.core.vocabulary.checks import DnsQuery
from route_switcher.probes import dns_answer, dns_query

_VALUES = {
    "A": "203.0.113.7",
    "AAAA": "2001:db8::7",
    "CNAME": "b.example.",
    "MX": "10 mail.example.",
    "NS": "ns.example.",
    "PTR": "host.example.",
    "TXT": '"one" "two"',
}
_CHECKS = [DnsQuery("www.example.net", kind, frozenset({"another"})) for kind in _VALUES]
_NUMBER = 0x1234


def attack(data: bytes) -> None:
    """Hand it over as the answer to a question, and look at what is made of it."""
    if not data:
        return
    check = _CHECKS[data[0] % len(_CHECKS)]
    answer = dns_query._read(data[1:])
    question = dns_answer.question(check)
    question.id = _NUMBER
    if answer is not None and question.is_response(answer):
        assert dns_answer.problem(check, answer).isprintable()


def seeds() -> list[bytes]:
    """Right answers, each with an alias before."""
    inputs = []
    for place, check in enumerate(_CHECKS):
        question = dns_answer.question(check)
        question.id = _NUMBER
        response = dns.message.make_response(question)
        name = "www.example.net."
        if check.record != "CNAME":
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "a.example."))
            name = "a.example."
        record = dns.rrset.from_text(name, 60, "IN", check.record, _VALUES[check.record])
        response.answer.append(record)
        inputs.append(bytes([place]) + response.to_wire())
    return inputs


def mutated(data: bytes, random: Random) -> bytes:
    """Another answer to the same question, mostly under the same number."""
    kept = 13 if random.random() < 0.8 else 1
    if random.random() < 0.2 and len(data) > 20:
        at = random.randrange(13, len(data) - 1)
        pointer = bytes([0xC0, random.randrange(64)])
        return data[:at] + pointer + data[at + 2 :]
    return data[:kept] + spoilt(data[kept:], random)


TARGET = Target(
    attack=attack,
    seeds=seeds,
    mutated=mutated,
    words=(b"\xc0\x0c", b"\x03www\x07example\x03net\x00", b"\x84\x00", b"\x00\x01\x00\x01"),
    largest=600,
)
