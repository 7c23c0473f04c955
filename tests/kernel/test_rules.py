"""Rules that are read, added and deleted on the real kernel."""

import errno
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network
from random import Random

import pytest
import trio

from route_switcher.core.routing.remedies import rule_deletion
from route_switcher.core.vocabulary.policy_rules import PREFERENCE, RoutingRule, RuleAction
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink import rules as rules_of_kernel
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import KernelError
from route_switcher.kernel.rtnetlink.framing import HEADER, Discarded, Message
from route_switcher.kernel.rtnetlink.rules import (
    RTM_NEWRULE,
    add,
    addition,
    delete,
    routing_rule,
    rules,
)

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]

BOTH = pytest.mark.parametrize("family", list(Family), ids=str)
FLAGS = {Family.IPV4: "-4", Family.IPV6: "-6"}
ADDRESSES = {
    Family.IPV4: ip_network("198.51.100.2/32"),
    Family.IPV6: ip_network("2001:db8::2/128"),
}
MAIN = 254
KERNELS = (0, 32766, 32767)
"""The preferences of the rules that the kernel makes."""


def ours(family: Family) -> tuple[RoutingRule, ...]:
    return (
        RoutingRule(
            family, PREFERENCE, MAIN, mark=0x73737373, inverted=True, suppress_prefixlength=0
        ),
        RoutingRule(family, PREFERENCE, 116, out_interface="eth0"),
        RoutingRule(family, PREFERENCE, 116, source=ADDRESSES[family]),
        RoutingRule(family, PREFERENCE, 115),
    )


def shown(family: Family) -> list[dict[str, object]]:
    words = ["ip", FLAGS[family], "-N", "-j", "rule", "show"]
    found: list[dict[str, object]] = json.loads(subprocess.check_output(words))
    return found


async def added(family: Family) -> list[RoutingRule]:
    """All rules but the kernel's own."""
    return [rule for rule in await rules(family, Discarded()) if rule.preference not in KERNELS]


@pytest.fixture(autouse=True)
def no_rules() -> Iterator[None]:
    yield
    for family in Family:
        for rule in shown(family):
            if rule["priority"] not in KERNELS:
                words = ["ip", FLAGS[family], "rule", "del", "pref", str(rule["priority"])]
                subprocess.run(words, check=True)


@BOTH
async def test_ours_stand_as_they_were_added(family: Family) -> None:
    wanted = ours(family)
    for rule in wanted:
        await add(rule, Discarded())
    assert await added(family) == list(wanted)
    told = [rule for rule in shown(family) if rule["priority"] == PREFERENCE]
    address = str(ADDRESSES[family].network_address)
    assert [(rule["table"], rule["src"], rule.get("oif")) for rule in told] == [
        ("254", "all", None),
        ("116", "all", "eth0"),
        ("116", address, None),
        ("115", "all", None),
    ]
    assert [rule["protocol"] for rule in told] == ["115"] * 4
    assert ("not" in told[0], told[0]["fwmark"], told[0]["suppress_prefixlen"]) == (
        True,
        "0x73737373",
        0,
    )


@BOTH
async def test_the_words_of_a_rule_add_the_same_rule(family: Family, ip: Ip) -> None:
    for rule in ours(family):
        ip(f"{FLAGS[family]} rule add {rule}")
    assert await added(family) == list(ours(family))


@BOTH
@pytest.mark.parametrize("place", range(4))
async def test_exactly_one_is_deleted(family: Family, place: int) -> None:
    wanted = list(ours(family))
    for rule in wanted:
        await add(rule, Discarded())
    await delete(wanted.pop(place), Discarded())
    assert await added(family) == wanted


@BOTH
async def test_an_identical_rule_is_refused(family: Family) -> None:
    for rule in ours(family):
        await add(rule, Discarded())
        with pytest.raises(KernelError) as refused:
            await add(rule, Discarded())
        assert refused.value.code == errno.EEXIST
    assert await added(family) == list(ours(family))


@BOTH
async def test_no_other_rule_is_deleted_instead(family: Family, ip: Ip) -> None:
    """The kernel ignores in a deletion what is not given, and `not`."""
    first, *_, last = ours(family)
    wider = replace(last, out_interface="eth0")
    upright = replace(first, inverted=False)
    unseen = f"dsfield 0x10 lookup 119 pref {PREFERENCE} protocol 115"
    ip(f"{FLAGS[family]} rule add {wider}", f"{FLAGS[family]} rule add {upright}")
    ip(f"{FLAGS[family]} rule add {unseen}")
    before = await added(family)
    assert [rule.unknown for rule in before] == [False, False, True]
    for rule in (last, first, replace(last, table=119)):
        with pytest.raises(KernelError) as refused:
            await delete(rule, Discarded())
        assert refused.value.code == errno.EBUSY
    assert await added(family) == before


@BOTH
@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        ("del {last}", "has gone, too"),
        ("del {last}; add {wider}; add {last}", "still stands"),
        ("del {other}", None),
        ("add {another}", None),
    ],
)
async def test_another_rule_that_went_because_of_others_is_told(
    family: Family, meanwhile: str, told: str | None, ip: Ip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes between the reading of the rules and the deletion."""
    last = ours(family)[-1]
    wider = replace(last, out_interface="eth0")
    other, another = (f"pref {PREFERENCE - n} lookup 77" for n in (1, 2))
    named = {"last": last, "wider": wider, "other": other, "another": another}
    for rule in (last, other, *([] if str(wider) in meanwhile.format(**named) else [wider])):
        ip(f"{FLAGS[family]} rule add {rule}")
    command = exchange.command

    async def late(build: Callable[[int], bytes], discarded: Discarded) -> None:
        for words in meanwhile.format(**named).split("; "):
            ip(f"{FLAGS[family]} rule {words}")
        await command(build, discarded)

    monkeypatch.setattr(exchange, "command", late)
    if told is None:
        await delete(last, Discarded())
        return
    with pytest.raises(KernelError) as refused:
        await delete(last, Discarded())
    assert (refused.value.code, told in refused.value.text) == (errno.EBUSY, True)


@BOTH
async def test_a_rule_that_is_not_there_is_told(family: Family) -> None:
    with pytest.raises(KernelError) as refused:
        await delete(ours(family)[0], Discarded())
    assert refused.value.code == errno.ENOENT


@BOTH
async def test_rules_of_others_are_not_touched(family: Family, ip: Ip) -> None:
    foreign = replace(ours(family)[-1], protocol=99)
    ip(f"{FLAGS[family]} rule add {foreign}")
    with pytest.raises(KernelError) as refused:
        await delete(ours(family)[-1], Discarded())
    assert refused.value.code == errno.ENOENT
    for change in (add, delete):
        with pytest.raises(ValueError, match="not ours to touch"):
            await change(foreign, Discarded())
    await add(ours(family)[-1], Discarded())
    assert await added(family) == [foreign, ours(family)[-1]]


@BOTH
async def test_the_rules_of_vpns_are_read_in_order(family: Family, ip: Ip) -> None:
    """As `wg-quick up` and Tailscale write them; the rules of the former choose their preference
    below ours, so they are tried first, whichever came first."""
    for rule in ours(family):
        await add(rule, Discarded())
    flag = FLAGS[family]
    ip(
        f"{flag} rule add not fwmark 51820 table 51820",
        f"{flag} rule add table main suppress_prefixlength 0",
        f"{flag} rule add pref 5210 fwmark 0x80000/0xff0000 table main",
        f"{flag} rule add pref 5250 fwmark 0x80000/0xff0000 type unreachable",
        f"{flag} rule add pref 5270 table 52",
        f"{flag} rule add pref 6000 to {ADDRESSES[family]} iif lan0 uidrange 1-7 ipproto 6"
        " lookup 300",
    )
    wg = RoutingRule(family, PREFERENCE - 1, 51820, mark=51820, inverted=True, protocol=0)
    tailscale = RoutingRule(family, 5210, MAIN, mark=0x80000, mask=0xFF0000, protocol=0)
    found = await added(family)
    assert found[:6] == [
        tailscale,
        replace(tailscale, preference=5250, table=0, action=RuleAction.UNREACHABLE),
        RoutingRule(family, 5270, 52, protocol=0),
        RoutingRule(
            family,
            6000,
            300,
            destination=ADDRESSES[family],
            in_interface="lan0",
            uids=(1, 7),
            ip_protocol=6,
            protocol=0,
        ),
        RoutingRule(family, PREFERENCE - 2, MAIN, suppress_prefixlength=0, protocol=0),
        wg,
    ]
    assert found[6:] == list(ours(family))
    assert not any(rule.unknown for rule in found)


@BOTH
@pytest.mark.parametrize(
    "part", ["dsfield 0x10 lookup 7", "goto 32766", "dport 53 lookup 7", "nop", "l3mdev"]
)
async def test_a_rule_with_more_than_we_know_says_so(family: Family, part: str, ip: Ip) -> None:
    ip(f"{FLAGS[family]} rule add {part} pref 77")
    (rule,) = await added(family)
    assert (rule.preference, rule.unknown) == (77, part != "nop")


@BOTH
async def test_the_command_that_deletes_a_rule_deletes_no_other(family: Family, ip: Ip) -> None:
    parts = (
        *(
            "lookup 7",
            "dport 53 lookup 7",
            "dport 54-55 lookup 7",
            "sport 53 lookup 7",
            "tun_id 9 lookup 7",
        ),
        *("dsfield 0x10 lookup 7", "goto 32766", "l3mdev", "nop"),
    )
    for part in parts:
        ip(f"{FLAGS[family]} rule add {part} pref 77")
    left = list(await added(family))
    while left:
        # The last first: a command that says less would take one before it.
        ip(rule_deletion(left.pop()).removeprefix("ip "))
        assert list(map(str, await added(family))) == list(map(str, left))


@BOTH
async def test_ours_are_read_without_a_parse_of_others_and_others_have_their_turn(
    family: Family, ip: Ip, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ours(family)
    for rule in mine:
        await add(rule, Discarded())
    ip(*(f"{FLAGS[family]} rule add lookup 7 pref {n}" for n in range(1000, 1500)))
    parsed = []

    def counted(message: Message) -> RoutingRule | None:
        parsed.append(message)
        return routing_rule(message)

    monkeypatch.setattr(rules_of_kernel, "routing_rule", counted)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        assert await rules_of_kernel.ours(family, Discarded()) == mine
        assert len(parsed) == len(mine)
        before = turns
        assert len(await rules_of_kernel.rules(family, Discarded())) >= 500
        assert turns >= before + 5
        nursery.cancel_scope.cancel()


def test_random_bytes_are_a_rule_or_malformed() -> None:
    random = Random(11)
    seeds = [addition(rule, 1) for family in Family for rule in ours(family)]
    for _ in range(20_000):
        data = bytearray(random.choice(seeds))
        for _ in range(random.randrange(1, 6)):
            data[random.randrange(HEADER.size, len(data))] = random.randrange(256)
        cut = bytes(data[: random.randrange(HEADER.size, len(data) + 1)])
        try:
            rule = routing_rule(Message(RTM_NEWRULE, 0, 1, cut))
        except MalformedMessageError:
            continue
        assert rule is None or str(rule)
