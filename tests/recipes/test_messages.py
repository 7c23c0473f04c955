"""Webhooks and mails of docs/hook-recipes.md, sent by curl and msmtp to servers in the lab."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import jsonschema
import pytest

from route_switcher.lab.addresses import INTERNET, TARGETS, LabUplink
from route_switcher.lab.faults import FAULTS, Act
from route_switcher.lab.topology import Lab
from route_switcher.resources import shipped_schemas
from support.hook_recipes import INSTALLED, installed, policy, shown
from support.route_writers import need
from support.running import Engine, Start, eventually
from support.sinks import HTTP_PORT, Request, Sink, http_sink, mail_sink

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

HOST = str(TARGETS[1])
PASSWORD = "not-in-the-policy"
DEAD = """
table ip dead {{}}
delete table ip dead
table ip dead {{
  chain input {{
    type filter hook input priority filter;
    iifname {{ {lines} }} meta l4proto tcp reject with tcp reset
    iifname {{ {lines} }} drop
  }}
}}
"""
"""For the internet: nothing comes in by these lines, from one instant on. Connections are refused,
so that no program waits long."""
Say: TypeAlias = Callable[[], list[str]]
"""What has arrived, in short."""


@pytest.fixture
def webhooks(lab: Lab) -> Iterator[Sink]:
    need("curl")
    with http_sink(lab, HOST) as sink:
        yield sink


@pytest.fixture
def mails(lab: Lab, tmp_path: Path) -> Iterator[Sink]:
    need("msmtp", "openssl")
    with mail_sink(lab, HOST, tmp_path / "mail") as sink:
        yield sink


def webhook_policy(lab: Lab) -> str:
    url = f"http://{HOST}:{HTTP_PORT}/router"
    return policy(lab, shown("A webhook")[0], {"https://hooks.example.org/router": url})


def mail_policy(lab: Lab, folder: Path) -> str:
    (settings,) = shown("A mail", "")
    certificates = {"/etc/ssl/certs/ca-certificates.crt": f"{folder}/mail.crt"}
    for word, other in {"smtp.example.org": HOST, **certificates}.items():
        assert word in settings
        settings = settings.replace(word, other)
    (folder / "msmtprc").write_text(settings)
    (folder / "smtp-password").write_text(f"{PASSWORD}\n")
    places = {INSTALLED: str(installed(folder)), "/etc/route-switcher": str(folder)}
    return policy(lab, shown("A mail")[0], places)


def test_a_webhook_for_failover_fail_back_and_a_dead_standby(
    lab: Lab, start: Start, webhooks: Sink
) -> None:
    engine = start(webhook_policy(lab))

    def told() -> list[str]:
        return [_short(json.loads(request.body)) for request in webhooks.taken]

    _failover_fail_back_and_a_dead_standby(lab, engine, told)
    schema = json.loads(shipped_schemas()["hook"].read_text("utf-8"))
    for request in webhooks.taken:
        assert isinstance(request, Request)
        assert (request.method, request.path) == ("POST", "/router")
        assert request.kind == "application/json"
        jsonschema.validate(json.loads(request.body), schema)


def test_a_mail_for_failover_fail_back_and_a_dead_standby(
    lab: Lab, start: Start, mails: Sink, tmp_path: Path
) -> None:
    engine = start(mail_policy(lab, tmp_path), CREDENTIALS_DIRECTORY=str(tmp_path))

    def told() -> list[str]:
        subjects = [mail.subject.split(": ", 2) for mail in mails.taken]
        assert {family for _, family, _ in subjects} <= {"IPv4"}
        return [what for *_, what in subjects]

    _failover_fail_back_and_a_dead_standby(lab, engine, told, in_words=True)
    for mail in mails.taken:
        assert mail.sender == "router@example.org"
        assert mail.recipients == ("admin@example.org",)
        assert mail.message["To"] == "admin@example.org"
        assert mail.password == PASSWORD
        facts, _, _ = mail.body.rpartition("\n")
        assert "When: " in facts


WORDS = {
    "on_switch ->fibre": "traffic goes through fibre",
    "on_switch fibre>lte": "traffic goes through lte instead of fibre",
    "on_switch lte>fibre": "traffic goes through fibre instead of lte",
    "on_uplink_down fibre": "fibre has failed (no-internet)",
    "on_uplink_up fibre": "fibre is healthy again",
    "on_uplink_down lte": "lte has failed (no-internet)",
}


def _failover_fail_back_and_a_dead_standby(
    lab: Lab, engine: Engine, told: Say, *, in_words: bool = False
) -> None:
    fibre, lte = lab.uplinks
    blackhole = FAULTS["blackhole"]
    steps: tuple[tuple[Act | None, LabUplink, tuple[str, ...]], ...] = (
        (None, fibre, ("on_switch ->fibre",)),
        (blackhole.inject, fibre, ("on_uplink_down fibre", "on_switch fibre>lte")),
        (blackhole.heal, fibre, ("on_uplink_up fibre", "on_switch lte>fibre")),
        (blackhole.inject, lte, ("on_uplink_down lte",)),
    )
    engine.wait_for_health("fibre", "lte")
    for act, uplink, step in steps:
        before = len(told()) if act else 0
        if act:
            act(lab, uplink)
        expected = sorted(WORDS[each] if in_words else each for each in step)
        count = before + len(expected)
        eventually(lambda: len(told()) >= count, f"{expected} in {told()}")  # noqa: B023
        assert sorted(told()[before:]) == expected


def _short(facts: dict[str, dict[str, str] | str | None]) -> str:
    uplink, previous = facts["uplink"], facts["previous"]
    assert isinstance(uplink, dict)
    if facts["hook"] == "on_switch":
        left = previous["name"] if isinstance(previous, dict) else "-"
        return f"on_switch {left}>{uplink['name']}"
    return f"{facts['hook']} {uplink['name']}"


@pytest.mark.parametrize("what", ["webhook", "mail"])
def test_what_could_not_be_sent_while_every_line_was_dead_is_sent_when_one_answers(
    lab: Lab, start: Start, webhooks: Sink, mails: Sink, tmp_path: Path, what: str
) -> None:
    sink, text = {
        "webhook": (webhooks, webhook_policy(lab)),
        "mail": (mails, mail_policy(lab, tmp_path)),
    }[what]
    engine = start(text, CREDENTIALS_DIRECTORY=str(tmp_path))
    engine.wait_for_health("fibre", "lte")
    eventually(lambda: len(sink.taken) == 1, "the first selection")
    first, second = (uplink.name for uplink in lab.uplinks)
    lab.run(INTERNET, "nft", "-f", "-", given=DEAD.format(lines=f"{first}, {second}"))
    for name in ("fibre", "lte"):
        engine.wait_for(
            "notice", f"({name}, IPv4): is run again as soon as an uplink works", since=0
        )
    assert len(sink.taken) == 1
    lab.run(INTERNET, "nft", "-f", "-", given=DEAD.format(lines=first))

    def arrived() -> set[str]:
        if what == "webhook":
            return {_short(json.loads(request.body)) for request in webhooks.taken[1:]}
        return {mail.subject.rpartition(": ")[2] for mail in mails.taken[1:]}

    expected = {"on_uplink_down fibre", "on_uplink_down lte", "on_switch fibre>lte"}
    if what == "mail":
        expected = {WORDS[each] for each in expected}
    eventually(lambda: expected <= arrived(), f"{expected} in {arrived()}")


def test_an_address_with_a_secret_is_read_from_a_file(
    lab: Lab, start: Start, webhooks: Sink, tmp_path: Path
) -> None:
    (tmp_path / "webhook").write_text(f'url = "http://{HOST}:{HTTP_PORT}/secret"\n')
    start(policy(lab, shown("A webhook")[1], {}), CREDENTIALS_DIRECTORY=str(tmp_path))
    eventually(lambda: bool(webhooks.taken), "a webhook")
    assert webhooks.taken[0].path == "/secret"
    assert json.loads(webhooks.taken[0].body)["cause"] == "start"
