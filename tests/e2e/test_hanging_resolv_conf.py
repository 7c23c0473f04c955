"""What names the resolvers of the machine may lie on a file system that hangs."""

import os
from pathlib import Path

import pytest

from route_switcher.lab.topology import Lab
from support.running import Engine, Start, run_to_its_end
from support.written_policy_files import PATIENT, policy_text

pytestmark = pytest.mark.kernel

ROUNDS = 5


def policy(lab: Lab) -> str:
    return (
        policy_text(lab, failures=PATIENT)
        .replace("{name: no-internet,", "{name: no-internet, probe: internet,")
        .replace("rules:", "  named: {type: tcp, targets: [www.example.net], port: 443}\nrules:")
        + "  - {name: no-named, probe: named, fail: {failures: 100}}\n"
    )


def elsewhere(file: Path) -> str:
    return (
        "from pathlib import Path; from route_switcher.probes import resolvers;"
        f"resolvers.RESOLV_CONF = Path({str(file)!r})"
    )


def assert_that_rounds_go_on(engine: Engine) -> None:
    for uplink in ("primary", "secondary"):
        for _ in range(ROUNDS):
            engine.wait_for("round", uplink=uplink, probe="internet")


def test_the_engine_goes_on(lab: Lab, start: Start, tmp_path: Path, hanging: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 198.51.100.53\n")
    engine = start(policy(lab), "--log-level", "debug", first=elsewhere(file))
    engine.wait_for("round", probe="named")
    (tmp_path / "new").symlink_to(hanging / "resolv.conf")
    os.replace(tmp_path / "new", file)
    engine.wait_for("round", "could not be read within 2 s", probe="named")
    assert_that_rounds_go_on(engine)


def test_a_pipe_is_not_waited_for(lab: Lab, start: Start, tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 198.51.100.53\n")
    engine = start(policy(lab), "--log-level", "debug", first=elsewhere(file))
    engine.wait_for("round", probe="named")
    os.mkfifo(tmp_path / "new")
    os.replace(tmp_path / "new", file)
    engine.wait_for("round", "no IPv4 resolver to look up www.example.net", probe="named")
    assert_that_rounds_go_on(engine)


def test_a_start_waits_for_it_so_long_and_no_longer(
    lab: Lab, policy_file: Path, hanging: Path
) -> None:
    policy_file.write_text(policy(lab))
    first = elsewhere(hanging / "resolv.conf") + (
        "; from route_switcher.cli import first_reading;"
        "first_reading.read_in_time.__defaults__ = (1.0,)"
    )
    done = run_to_its_end(lab, "run", str(policy_file), first=first)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "route-switcher run: cannot read /etc/resolv.conf: not within 1 s\n"
