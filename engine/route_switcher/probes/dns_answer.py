"""DNS questions, and what an answer to one is worth, by dnspython's knowledge of them (RFC 1035).

It is imported by what asks, and not before: dnspython takes memory and time.
"""

import secrets

import dns.message
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from route_switcher.core.vocabulary.checks import DnsQuery
from route_switcher.printable import printable
from route_switcher.probes.dns_query import UDP_SIZE

_LISTED = 3
"""Values of a wrong answer that a person is told."""
_LONGEST_VALUE = 60


def question(check: DnsQuery) -> dns.message.QueryMessage:
    """A new one, under a number that nobody can guess."""
    return dns.message.make_query(
        check.name, check.record, use_edns=0, payload=UDP_SIZE, id=secrets.randbits(16)
    )


def problem(check: DnsQuery, answer: dns.message.Message) -> str:
    """Why an answer is not what was expected, in words; empty if it is."""
    code = answer.rcode()
    if code is not dns.rcode.NOERROR:
        return _CODES.get(code) or f"the resolver answers {dns.rcode.to_text(code)}"
    values = _values(check, answer)
    if not values:
        return f"the resolver knows no {check.record} record of {check.name}"
    if check.values and not values & check.values:
        wanted = " or ".join(sorted(check.values))
        return f"the resolver answers {_told(values)} for {check.name}, not {wanted}"
    return ""


_CODES = {
    dns.rcode.SERVFAIL: "the resolver could not find out (SERVFAIL)",
    dns.rcode.NXDOMAIN: "the resolver says that the name does not exist (NXDOMAIN)",
    dns.rcode.REFUSED: "the resolver refuses to answer (REFUSED)",
    dns.rcode.NOTIMP: "the resolver does not know such questions (NOTIMP)",
    dns.rcode.FORMERR: "the resolver does not understand the question (FORMERR)",
}


def _values(check: DnsQuery, answer: dns.message.Message) -> set[str]:
    """Those of the records of the wanted type, whatever name an alias has led to."""
    wanted = dns.rdatatype.from_text(check.record)
    return {
        _value(record)
        for each in answer.answer
        if each.rdtype == wanted and each.rdclass == dns.rdataclass.IN
        for record in each
    }


def _value(record: dns.rdata.Rdata) -> str:
    """A record as the policy writes it: without quotes, and without the last dot of a name."""
    if record.rdtype == dns.rdatatype.TXT:
        strings: tuple[bytes, ...] = getattr(record, "strings", ())
        return b"".join(strings).decode(errors="surrogateescape")
    return record.to_text().removesuffix(".").lower()


def _told(values: set[str]) -> str:
    shown = [printable(value)[:_LONGEST_VALUE] for value in sorted(values)[:_LISTED]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
