"""The `metrics` section: where the running engine gives its metrics to Prometheus."""

import re
from ipaddress import IPv6Address, ip_address, ip_network

from route_switcher.core.vocabulary.metrics import Listen, Loopback, OnSocket
from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted

SECTION = "metrics"
LISTEN = "listen"

_IPV4 = re.compile(r"([0-9.]+):([1-9][0-9]{0,4})\Z")
_IPV6 = re.compile(r"\[([0-9A-Fa-f:.]+)\]:([1-9][0-9]{0,4})\Z")
_PORT_AT_END = re.compile(r"(?:\A|:)([1-9][0-9]{0,4})\Z")
_HIGHEST = 65_535
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def read_metrics(findings: Findings) -> Listen | None:
    """Where; None: nowhere. Whether the port is free is seen where the engine runs."""
    path = (SECTION, LISTEN)
    written = findings.get(path)
    if not isinstance(written, str):
        return None
    if written == OnSocket.UNIX.value:
        return OnSocket.UNIX
    found = _loopback(written)
    if isinstance(found, Loopback):
        return found
    findings.report("bad-listen", path, f"{quoted(written)} {found}", _hint(written))
    return None


def _loopback(written: str) -> Loopback | str:
    """The port, or what is wrong."""
    match = _IPV4.match(written) or _IPV6.match(written)
    address = None if match is None else _address(match[1])
    if match is None or address is None:
        return "is neither unix nor an address with a port"
    if not any(address in network for network in _LOOPBACK):
        return "can be reached from elsewhere: metrics are for this machine only"
    if int(match[2]) > _HIGHEST:
        return "has a port above 65535"
    return Loopback(address, int(match[2]))


def _address(written: str) -> Address | None:
    try:
        return ip_address(written)
    except ValueError:
        return None


def _hint(written: str) -> str:
    match = _PORT_AT_END.search(written)
    port = int(match[1]) if match is not None and int(match[1]) <= _HIGHEST else 9000
    host = "[::1]" if written.startswith("[") or _is_ipv6(written) else "127.0.0.1"
    # Unquoted, YAML takes a bracket for the beginning of a list.
    address = f"'{host}:{port}'" if host.startswith("[") else f"{host}:{port}"
    return f"write {address}, or unix for a Unix socket"


def _is_ipv6(written: str) -> bool:
    return isinstance(_address(written), IPv6Address)
