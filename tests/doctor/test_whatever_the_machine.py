"""`doctor` changes nothing, needs no privileges, and ends in words whatever is wrong."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.box import POLICY, POLICY_V6, ROOM, box, diagnosed, shell, troubles
from doctor.rows import ROWS
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, main
from route_switcher.doctor.finding import Verdict
from route_switcher.doctor.reading import machine
from route_switcher.doctor.registry import CHECKS

pytestmark = pytest.mark.kernel

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")
NO_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]
BOTH = POLICY.replace(
    "gateway: 198.51.100.1}", 'gateway: {ipv4: 198.51.100.1, ipv6: "2001:db8::1"}}'
).replace("203.0.113.10]", '"2001:db8:ffff::9"]')


@pytest.fixture
def router() -> Iterator[None]:
    with box():
        yield


def the_whole_machine() -> str:
    looks = (
        *(
            f"ip -details -j {family} {what}"
            for family in ("-4", "-6")
            for what in ("rule", "neigh")
        ),
        "ip -j address",
        "ip -4 route show table all; ip -6 route show table all",
        "ip nexthop",
        "nft list ruleset",
        "sysctl -a --pattern '^net' 2>/dev/null | grep -v -e random -e count",
    )
    told = "\n".join(subprocess.check_output(["sh", "-c", look], text=True) for look in looks)
    # Lives that go by, and ages.
    return re.sub(r'(expires |_life_time":|"used":|"confirmed":|"updated":)[0-9a-z]+', r"\1", told)


@pytest.mark.parametrize("text", [POLICY, POLICY_V6, BOTH], ids=["IPv4", "IPv6", "both"])
def test_nothing_is_changed(
    text: str, router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(text)
    shell(
        "ip -4 route add default via 198.51.100.1 dev eth0 metric 10 proto 115",
        # The other end would ask for us some seconds after we have asked for it.
        *(
            f"ip netns exec far sysctl -qw net.ipv6.neigh.{far}.delay_first_probe_time=3600"
            for far in ("isp0", "isp1")
        ),
    )
    before = the_whole_machine()
    assert main(["doctor", str(policy)]) == EXIT_OK
    assert the_whole_machine() == before


@pytest.mark.parametrize("text", [POLICY, POLICY_V6], ids=["IPv4", "IPv6"])
def test_who_may_nothing_is_told_what_he_may_not(text: str, router: None, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(text)
    words = [*NO_RIGHTS, sys.executable, "-P", "-m", "route_switcher", "doctor", str(policy)]
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    findings = json.loads(done.stdout)["findings"]
    failed = [(f["check"], f["fault"]) for f in findings if f["verdict"] == Verdict.FAIL.value]
    assert failed == [("access", "root-lacks")]  # for it is still called root
    skipped = [f for f in findings if f["verdict"] == Verdict.SKIP.value]
    assert {f["check"] for f in skipped} >= {"next-hop"}
    assert all("only root may" in f["text"] for f in skipped if f["check"] == "next-hop")
    assert {f["check"] for f in findings} == {check.name for check in CHECKS}


def test_without_rights_the_table_of_neighbours_is_read(router: None, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    shell(
        "ip neigh replace 198.51.100.1 lladdr 02:00:00:00:00:01 nud reachable dev eth0",
        "ip neigh replace 198.51.100.129 nud failed dev eth1",
    )
    words = [*NO_RIGHTS, sys.executable, "-P", "-m", "route_switcher", "doctor", str(policy)]
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == EXIT_PROBLEMS
    told = {
        f["subject"]: f["fault"]
        for f in json.loads(done.stdout)["findings"]
        if f["check"] == "next-hop"
    }
    assert told == {"primary": None, "secondary": "silent"}


def test_everything_wrong_at_once_is_told_in_80_columns(
    router: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What is planted there in the place of an engine puts nothing back.
    monkeypatch.setattr(machine, "_SETTLED", 0)
    policy = tmp_path / "policy.yaml"
    plants = [line for row in ROWS if not row.engine for line in row.plant]
    harmless = [line for line in plants if "until" not in line and "far" not in line]
    # One shell, of which each line has a copy.
    subprocess.run(
        ["sh", "-c", "\n".join(f"(\n{line}\n)" for line in harmless)], capture_output=True
    )
    for text in sorted({row.policy for row in ROWS}):
        policy.write_text(text)
        code, findings = diagnosed(policy, capsys)
        assert code == EXIT_PROBLEMS, text
        assert len(troubles(findings)) >= 4, text
        assert main(["doctor", str(policy)]) == EXIT_PROBLEMS, text
        out, err = capsys.readouterr()
        assert err == "", text
        assert [line for line in out.splitlines() if len(line) > 80] == [], text


def test_an_interface_with_a_strange_name(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("interface: eth1", 'interface: "e\'t;h$1"'))
    shell("""ip link set eth1 name "e't;h\\$1" """, """ip link set "e't;h\\$1" down""")
    _, findings = diagnosed(policy, capsys)
    (down,) = [f for f in troubles(findings) if f.check == "link"]
    shell(*down.remedies)
    assert [f for f in diagnosed(policy, capsys)[1] if f.fault == down.fault] == []


PIPES = (
    f"mkdir -p {ROOM} && mkfifo {ROOM}/pipe",
    f"mount --bind {ROOM}/pipe /etc/resolv.conf",
    f"mkdir -p {ROOM}/units && mkfifo {ROOM}/units/route-switcher.service {ROOM}/units/x.conf",
    "mkdir -p /run/systemd/system",
    f"mount --bind {ROOM}/units /run/systemd/system",
)
NO_FOLDER_TO_WRITE_TO = (
    "for d in /tmp /var/tmp; do mount --bind $d $d && mount -o remount,bind,ro $d; done;"
    ' unset TMPDIR; cd /proc; exec "$@"'
)


def test_pipes_in_the_place_of_files_are_not_waited_for(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    shell(*PIPES)
    _, findings = diagnosed(policy, capsys, ("timeout", "20"))
    assert troubles(findings) == []
    assert "/etc/resolv.conf cannot be read" in [f.text for f in findings]


def test_no_folder_has_to_be_written_to(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    under = ("unshare", "--mount", "sh", "-c", NO_FOLDER_TO_WRITE_TO, "sh")
    assert troubles(diagnosed(policy, capsys, under)[1]) == []


def test_settings_that_cannot_be_read_are_no_fault(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    hide = 'mount -t tmpfs none /proc/sys && exec "$@"'
    _, findings = diagnosed(policy, capsys, ("unshare", "--mount", "sh", "-c", hide, "sh"))
    assert [f for f in troubles(findings) if f.check == "setting"] == []


def test_an_uplink_by_its_other_name(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("eth1", "fibre-line-two"))
    shell("ip link property add dev eth1 altname fibre-line-two")
    code, findings = diagnosed(policy, capsys)
    assert (code, troubles(findings)) == (EXIT_OK, [])
    assert "fibre-line-two is up (its own name is eth1)" in [f.text for f in findings]
    shell("sysctl -qw net.ipv4.conf.eth1.rp_filter=1", "ip rule add oif eth1 blackhole pref 100")
    _, findings = diagnosed(policy, capsys)
    assert {f.check for f in troubles(findings)} == {"setting", "probe-way"}
    shell(*(remedy for f in troubles(findings) for remedy in f.remedies))
    assert troubles(diagnosed(policy, capsys)[1]) == []


def test_a_wrong_policy_is_told_of_and_nothing_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nuplinks: {}\n")
    for words in ([], ["--json"]):
        assert main(["doctor", str(policy), *words]) == EXIT_PROBLEMS
        out, err = capsys.readouterr()
        assert (out, "policy.yaml" in err) == ("", True)
    with pytest.raises(SystemExit) as ended:
        main(["doctor", str(policy), "--what"])
    assert ended.value.code == 2


def test_the_page_has_every_check_and_fault_and_its_example_is_so(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {
        name: re.findall(r"`([a-z0-9-]+)`", faults)
        for name, faults in re.findall(r"^\| `([a-z0-9-]+)` \| .+ \| (`.+) \|$", PAGE, re.MULTILINE)
    }
    assert rows == {check.name: [fault.name for fault in check.faults] for check in CHECKS}
    (example,) = re.findall(r"^```\n(pass .+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    shell("ip link set eth1 down")
    main(["doctor", str(policy)])
    assert capsys.readouterr().out.startswith(example.rpartition("…")[0])


STRANGE = """\
version: 1
uplinks:
  one: {interface: "e$h", gateway: 198.51.100.1}
  other: {interface: second, gateway: 198.51.100.129}
probes:
  internet: {type: icmp, targets: [203.0.113.9]}
"""


@pytest.mark.parametrize(
    ("rules", "subject"),
    [
        ('oifname "e$h" masquerade', "other"),
        ("ip saddr 203.0.113.0/24 snat to 198.51.100.130", "one"),
    ],
)
def test_names_of_interfaces_that_are_no_words_are_no_trouble(
    rules: str, subject: str, router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = "type nat hook postrouting priority srcnat"
    shell(
        "ip link set eth0 down; ip link set eth0 name 'e$h'; ip link set 'e$h' up",
        "ip link property add dev eth1 altname second",
        "ip link set lan0 down; ip link set lan0 name 'l\"n;x'; ip link set 'l\"n;x' up",
        "ip link set eth1 down; ip link set eth1 name $(printf '\\377\"x'); ip link set second up",
        "nft flush ruleset",
        f"nft 'table ip home {{ chain out {{ {hook}; {rules}; }}; }}'",
    )
    policy = tmp_path / "policy.yaml"
    policy.write_text(STRANGE)
    code, findings = diagnosed(policy, capsys)
    assert code in (EXIT_OK, EXIT_PROBLEMS)
    (trouble,) = [each for each in troubles(findings) if each.check == "nat"]
    assert trouble.subject == subject
    assert trouble.remedies == ()  # nft takes no such name in quotes
