"""What a person can get wrong about probes that ask the gateway, resolvers and programs."""

import pytest

from support.told import check

HEAD = "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1}\n"
DEVICE = HEAD + "  b: {interface: ppp0, gateway: none}\n"

CASES = {
    "a gateway that is not there": (
        DEVICE + "probes:\n  p: {type: neighbour}\n",
        [
            "6:13-22 no-gateway-to-ask: the uplink 'b' has no gateway that could be asked",
            "name the uplinks that have one in 'uplinks', or ask with 'type: echo'",
        ],
    ),
    "a loopback resolver, and one by name": (
        HEAD
        + "probes:\n  p: {type: dns, name: a.example, targets: [127.0.0.53, '::1', r.example]}\n",
        [
            "5:45-55 bad-address: '127.0.0.53' is a loopback address, this machine itself",
            "write the address of a host that answers DNS queries",
            "5:57-62 bad-address: '::1' is a loopback address, this machine itself",
            "write the address of a host that answers DNS queries",
            "5:64-73 bad-address: 'r.example' is not an IP address",
            "write the address of a host that answers DNS queries",
        ],
    ),
    "a value that no record of the type has": (
        HEAD + "probes:\n  p: {type: dns, name: a.example, value: '2001:db8::1'}\n",
        [
            "5:42-55 bad-value: '2001:db8::1' cannot be the value of a record of type A",
            "write an IPv4 address",
        ],
    ),
    "a program that is looked for": (
        HEAD + "probes:\n  p: {type: exec, run: [curl]}\n",
        [
            "5:25-29 relative-program: 'curl' is not an absolute path",
            "write the whole path of the program, such as /usr/bin/curl: $PATH is not searched",
        ],
    ),
    "targets of an uplink where there are none": (
        "version: 1\nuplinks:\n"
        "  a: {interface: eth0, gateway: 192.0.2.1, probes: {p: {targets: [192.0.2.9]}}}\n"
        "probes:\n  p: {type: echo}\n",
        [
            "3:57-64 no-targets: the probe 'p' asks no hosts, but what each uplink has for itself",
            "remove 'targets' here",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_mistake(case: tuple[str, list[str]]) -> None:
    check(*case)
