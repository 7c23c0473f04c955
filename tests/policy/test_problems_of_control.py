"""What a person can get wrong about who may control the engine."""

import pytest

from route_switcher.core.vocabulary.policy import Control
from route_switcher.policy.load import load_text
from support.told import check, with_uplink

GROUP_HINT = (
    "the name of a group of users on this machine, of 1 to 32 letters (a-z, A-Z), digits, '-', '_'"
    " and '.', which begins with a letter or '_'"
)

CONTROL = {
    "nobody": (
        with_uplink("control: {}\n"),
        [
            "5:10-12 bad-value: {} is not a mapping of who may control the engine",
            "write for example {group: adm}",
        ],
    ),
    "a group alone": (
        with_uplink("control: adm\n"),
        [
            "5:10-13 bad-value: 'adm' is not a mapping of who may control the engine",
            "write {group: adm}",
        ],
    ),
    "a number": (
        with_uplink("control: {group: 4}\n"),
        ["5:18-19 bad-value: 4 is not the name of a group", GROUP_HINT],
    ),
    "two words": (
        with_uplink("control: {group: my group}\n"),
        ["5:18-26 bad-value: 'my group' is not the name of a group", GROUP_HINT],
    ),
    "a key that is not known": (
        with_uplink("control: {groups: adm}\n"),
        ["5:11-17 unknown-key: unknown key 'groups'", "did you mean 'group'?"],
    ),
}


@pytest.mark.parametrize("case", CONTROL.values(), ids=CONTROL)
def test_each_is_told_with_its_place(case: tuple[str, list[str]]) -> None:
    check(*case)


def test_it_is_read_and_left_out_it_is_nobody() -> None:
    assert load_text(with_uplink("control: {group: adm}\n"), "it").control == Control("adm")
    assert load_text(with_uplink(""), "it").control == Control(None)
