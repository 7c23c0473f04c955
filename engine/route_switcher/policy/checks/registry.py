"""The types of probes, by the value of their key `type`."""

from collections.abc import Mapping

from route_switcher.policy.checks import dns, echo, exec_program, http, icmp, neighbour, tcp
from route_switcher.policy.checks.reader import CheckReader

CHECKS: Mapping[str, CheckReader] = {
    "icmp": icmp.READER,
    "tcp": tcp.READER,
    "http": http.READER,
    "neighbour": neighbour.READER,
    "echo": echo.READER,
    "dns": dns.READER,
    "exec": exec_program.READER,
}
