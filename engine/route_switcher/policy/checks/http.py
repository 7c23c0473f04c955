"""`type: http`: its keys are `url`, `status`, `body` and `header`."""

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from route_switcher.core.vocabulary.checks import Check, HttpGet
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.checks.reader import CheckReader
from route_switcher.policy.findings import Findings
from route_switcher.policy.values import UnusableAddress, is_name, parse_address
from route_switcher.policy.yaml.reader import Path

_PORTS = {"http": 80, "https": 443}


def _read(findings: Findings, path: Path) -> HttpGet | None:
    place = (*path, "url")
    text = findings.get(place)
    if not isinstance(text, str):
        return None
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        findings.report("bad-url", place, f"this is no URL: {str(error).lower()}", _EXAMPLE)
        return None
    wrong = _wrong(url)
    host = (url.hostname or "").removesuffix(".")
    if not wrong and not is_name(host):
        try:
            host = str(parse_address(host))
        except UnusableAddress as error:
            wrong = str(error) if ":" in host or host[-1:].isdigit() else _NO_HOST
    if wrong:
        findings.report("bad-url", place, wrong, _EXAMPLE)
        return None
    status, body = findings.get((*path, "status")), findings.get((*path, "body"))
    header = findings.get((*path, "header"))
    return HttpGet(
        host=host,
        port=port or _PORTS[url.scheme],
        tls=url.scheme == "https",
        path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        status=status if isinstance(status, int) else None,
        body=body if isinstance(body, str) else "",
        header=_header(header) if isinstance(header, str) else None,
    )


_EXAMPLE = "write for example https://www.example.net/status"
_NO_HOST = "the host of the URL is neither a name with its domain nor an address"


def _wrong(url: SplitResult) -> str:
    """What is wrong with a URL, in words; empty: nothing that can be seen without its host."""
    if url.username is not None or url.password is not None:
        return "a URL with a user or a password is not sent"
    if url.fragment:
        return "what follows '#' in a URL is never sent"
    if url.port == 0:
        return "port 0 cannot be asked"
    return ""


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.lower(), value.strip()


def _targets(check: Check, _families: Collection[Family]) -> tuple[Target, ...]:
    """The host of the URL."""
    assert isinstance(check, HttpGet)
    try:
        return (Target.at(parse_address(check.host)),)
    except UnusableAddress:
        return (Target.named(check.host),)


READER = CheckReader(_read, "serves the page", _targets)
