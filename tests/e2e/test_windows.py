"""Losses that fail no round, or too few in a row, on the real kernel."""

import re

import pytest

from route_switcher.lab.addresses import BACKBONE_PORT
from route_switcher.lab.topology import Lab
from support.running import Engine, Start
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

OVER = 2.0
RULE = f"""\
  - name: brown-out
    fail: {{loss: 20%, over: {OVER:g}s}}
    recover: {{loss: 5%, over: 1s, stable: 0s}}
"""


def lossy_policy(lab: Lab, quorum: str) -> str:
    text = policy_text(lab).replace("type: icmp", f"type: icmp, quorum: {quorum}")
    return text + RULE


def drop_every_second(lab: Lab, *places: int) -> None:
    """Of the requests to each of these targets, on the primary: the first, third, … or the others,
    in turn, so that the targets never miss the same round."""
    targets = lab.targets_v4[:2]
    rules = "\n".join(
        f'oifname "{BACKBONE_PORT}" ip daddr {targets[place]} icmp type echo-request'
        f" numgen inc mod 2 {place} drop"
        for place in places
    )
    chain = f"type filter hook forward priority filter;\n{rules}"
    table = f"table inet lossy {{\nchain forward {{\n{chain}\n}}\n}}\n"
    lab.run("primary", "nft", "-f", "-", given=table)


def mend(lab: Lab) -> None:
    lab.run("primary", "nft", "delete", "table", "inet", "lossy")


def losses(text: str) -> list[float]:
    """The percentages of a loss that evidence tells."""
    told = re.search(r"brown-out: loss (.*?) over", text)
    assert told is not None
    return [float(number) for number in re.findall(r"([\d.]+) %", told[1])]


def moved(engine: Engine, previous: str, selected: str) -> str:
    decision = engine.wait_for("decision", previous=previous, selected=selected)
    return str(decision.fields["evidence"][0])


@pytest.mark.parametrize(("quorum", "places"), [("any", (0, 1)), ("all", (1,))])
def test_a_loss_fails_over_and_is_told_as_it_is(
    lab: Lab, start: Start, quorum: str, places: tuple[int, ...]
) -> None:
    """With quorum any no round fails here: what is lost is known only after each was told."""
    drop_every_second(lab, *places)
    engine = start(lossy_policy(lab, quorum))
    evidence = moved(engine, "primary", "secondary")
    told = losses(evidence)
    assert all(told[place] == pytest.approx(50, abs=15) for place in places)
    assert len(told) == 2 or told == [told[0]]
    wait_until_taken(lab, "eth1")
    failures = engine.said("rule", rule="no-internet", after="failed")
    assert failures == []
    mend(lab)
    moved(engine, "secondary", "primary")
    wait_until_taken(lab, "eth0")


def test_a_loss_that_begins_later_fails_over_when_it_exceeds_the_limit(
    lab: Lab, start: Start
) -> None:
    engine = start(lossy_policy(lab, "any"))
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("rule", rule="brown-out", uplink="primary", after="ok", since=0)
    drop_every_second(lab, 0, 1)
    told = losses(moved(engine, "primary", "secondary"))
    assert all(20 < loss <= 60 for loss in told)


def test_one_target_that_is_silent_on_one_uplink_moves_nothing_with_quorum_any(
    lab: Lab, start: Start
) -> None:
    engine = start(lossy_policy(lab, "any"), "--log-level", "debug")
    engine.wait_for_health("primary", "secondary")
    answering, silent = lab.targets_v4[:2]
    lab.run("primary", "ip", "route", "add", "blackhole", str(silent))
    lost = f"{silent} no answer within 0.05 s"
    before = engine.now
    for _ in range(int(OVER / 0.05)):
        engine.wait_for("answers", lost, uplink="primary")
    # Every round goes on to be told as soon as the other target has answered; which it may do too
    # late for a few, where the machine is busy.
    rounds = engine.said("round", since=before, uplink="primary")
    name = re.escape(str(answering))
    answered = [r for r in rounds if re.search(rf"{name} [\d.]+ ms", r.message)]
    assert {record.fields["outcome"] for record in answered} == {"good"}
    failed = [r.message for r in rounds if r.fields["outcome"] == "failed"]
    late = rf"{name} (answered after|no answer within)"
    assert [message for message in failed if not re.search(late, message)] == []
    assert len(answered) > 0.75 * len(rounds)
    assert [record.fields["previous"] for record in engine.said("decision")] == [None]
