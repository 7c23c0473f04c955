"""`type: dns`: its keys are `name`, `record` and `value`."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from route_switcher.core.vocabulary.checks import DnsQuery
from route_switcher.policy.checks.reader import CheckReader
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.yaml.reader import Path

_DEFAULT_RECORD = "A"
_ADDRESSES: Mapping[str, type[IPv4Address] | type[IPv6Address]] = {
    "A": IPv4Address,
    "AAAA": IPv6Address,
}
_AS_WRITTEN = "TXT"
"""The type whose values are any text."""


def _read(findings: Findings, path: Path) -> DnsQuery | None:
    name = findings.get((*path, "name"))
    record = findings.get((*path, "record"))
    if not isinstance(name, str):
        return None
    kind = record if isinstance(record, str) else _DEFAULT_RECORD
    place = (*path, "value")
    values = tuple(_values(findings, findings.items(place) or [place], kind))
    return DnsQuery(name.lower().removesuffix("."), kind, frozenset(values))


def _values(findings: Findings, places: Iterable[Path], record: str) -> Iterable[str]:
    for place in places:
        text = findings.get(place)
        if not isinstance(text, str):
            continue
        if record == _AS_WRITTEN:
            yield text
        elif record not in _ADDRESSES:
            yield text.removesuffix(".").lower()
        elif (address := _address(text, _ADDRESSES[record])) is not None:
            yield address
        else:
            message = f"{quoted(text)} cannot be the value of a record of type {record}"
            findings.report("bad-value", place, message, f"write an {_WORDS[record]} address")


_WORDS = {"A": "IPv4", "AAAA": "IPv6"}


def _address(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return str(address) if isinstance(address, kind) else None


READER = CheckReader(_read, "answers DNS queries", takes_names=False)
