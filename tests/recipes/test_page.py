"""What docs/hook-recipes.md says is there, and its policies are sound."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.hooks import HookKind
from route_switcher.policy.load import load_text
from support.hook_recipes import HOOKS, INSTALLED, PAGE, TOP, shown
from support.route_writers import need

TITLES = re.findall(r"^## (.*)$", PAGE, re.M)
UPLINKS = """
version: 1
uplinks:
  fibre: {interface: eth0, gateway: 192.168.1.1}
  lte: {interface: wwan0, gateway: 192.168.8.1}
"""


@pytest.mark.parametrize("title", TITLES)
def test_policies_are_sound(title: str) -> None:
    for lines in shown(title):
        assert load_text(UPLINKS + lines, "page").hooks


def test_all_programs_are_on_the_page_and_in_the_folder() -> None:
    programs = {file.name for file in HOOKS.iterdir() if file.stat().st_mode & 0o100}
    assert set(re.findall(rf"{INSTALLED}/([\w-]+)", PAGE)) == programs
    (line,) = re.findall(rf"^sudo install .* -t {INSTALLED} ((?:.*\\\n)*.*)$", PAGE, re.M)
    files = line.replace("\\\n", " ").split()
    assert {TOP / file for file in files} == {HOOKS / name for name in programs}


def test_links_lead_somewhere() -> None:
    heads = {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in TITLES}
    for link in re.findall(r"\]\((?!https?:)([^)]+)", PAGE):
        path, _, head = link.partition("#")
        assert (TOP / "docs" / path).exists()
        assert path or head in heads


@pytest.mark.programs
def test_the_programs_are_sound_shell() -> None:
    need("shellcheck")
    files = [str(file) for file in HOOKS.iterdir() if file.stat().st_mode & 0o100]
    done = subprocess.run(["shellcheck", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", HookKind)
def test_a_mail_can_be_about_every_hook(kind: HookKind, tmp_path: Path) -> None:
    (tmp_path / "msmtp").write_text('#!/bin/sh\necho "$@"\ncat\n')
    (tmp_path / "msmtp").chmod(0o755)
    names = ("FAMILY", "TIME", "UPLINK", "PREVIOUS_UPLINK", "RULES", "SINCE", "OUTAGE_SECONDS")
    facts = {f"ROUTE_SWITCHER_{name}": "" for name in names}
    facts |= {"ROUTE_SWITCHER_HOOK": kind.value, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    words = [str(HOOKS / "mail"), "/etc/msmtprc", "a@example.org", "b@example.org"]
    given = json.dumps({"evidence": ["silence"] * 1000})
    done = subprocess.run(words, input=given, env=facts, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first == "--file=/etc/msmtprc -- a@example.org b@example.org"
    assert lines[0] == "To: a@example.org, b@example.org"
    assert kind.value not in lines[1]
    assert max(map(len, lines)) < 998
    assert json.loads("".join(lines[lines.index("", lines.index("") + 1) + 1 :]))


@pytest.mark.parametrize(
    ("family", "addresses", "expected"),
    [
        ("IPv4", "203.0.113.9 203.0.113.10", "&myip=203.0.113.9"),
        ("IPv6", "2001:db8::9", "&myip=2001:db8::9"),
        ("IPv4", "", ""),
        ("IPv4", "10.0.0.2", ""),
        ("IPv4", "192.168.1.2", ""),
        ("IPv4", "172.15.0.2", "&myip=172.15.0.2"),
        ("IPv4", "172.16.0.2", ""),
        ("IPv4", "172.31.0.2", ""),
        ("IPv4", "172.32.0.2", "&myip=172.32.0.2"),
        ("IPv4", "172.2.0.2", "&myip=172.2.0.2"),
        ("IPv4", "100.63.0.2", "&myip=100.63.0.2"),
        ("IPv4", "100.64.0.2", ""),
        ("IPv4", "100.99.0.2", ""),
        ("IPv4", "100.127.0.2", ""),
        ("IPv4", "100.128.0.2", "&myip=100.128.0.2"),
        ("IPv4", "100.7.0.2", "&myip=100.7.0.2"),
        ("IPv4", "100.1.0.2", "&myip=100.1.0.2"),
    ],
)
def test_which_address_a_dynamic_dns_service_is_told(
    family: str, addresses: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "curl").write_text('#!/bin/sh\necho "$@" >&2\necho good\n')
    (tmp_path / "curl").chmod(0o755)
    told = {"FAMILY": family, "ADDRESSES": addresses, "INTERFACE": "wwan0"}
    facts = {f"ROUTE_SWITCHER_{name}": value for name, value in told.items()}
    facts["PATH"] = f"{tmp_path}:/usr/bin:/bin"
    words = [str(HOOKS / "dynamic-dns"), family, "https://dyn.example.org/u", "r", "/none"]
    done = subprocess.run(words, env=facts, capture_output=True, text=True)
    assert done.returncode == 0
    *options, url = done.stderr.split()
    assert url == f"https://dyn.example.org/u?hostname=r{expected}"
    assert f"-{family[-1]}" in options
