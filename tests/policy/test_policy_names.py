"""Which file a POLICY argument means, and what is said about one that cannot be read."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from route_switcher.policy.load import SYSTEM_POLICY, load, locate, shipped_policies
from route_switcher.policy.problems import PolicyProblems, Problem


def the_problem(argument: str) -> Problem:
    with pytest.raises(PolicyProblems) as caught:
        load(argument)
    (problem,) = caught.value.problems
    return problem


def test_the_name_policy_means_the_one_of_this_machine() -> None:
    assert locate("policy") == SYSTEM_POLICY == Path("/etc/route-switcher/policy.yaml")


def test_the_name_of_a_shipped_policy_means_that_one() -> None:
    assert "dual-wan" in shipped_policies()
    for name, file in shipped_policies().items():
        assert locate(name) == file
        load(name)


@pytest.mark.parametrize("argument", ["./dual-wan", "dual-wan.yaml", "/etc/x", "a/b"])
def test_a_slash_or_the_suffix_makes_a_path(argument: str) -> None:
    assert locate(argument) == Path(argument)


def test_a_name_is_never_a_file_of_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("dual-wan", "policy", "mine"):
        Path(name).write_text("not a policy", "utf-8")
    load("dual-wan")
    assert locate("policy") == SYSTEM_POLICY
    assert the_problem("mine").code == "unknown-policy"


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    assert the_problem("dual-wam").hint.startswith("did you mean 'dual-wan'?")
    problem = the_problem("my-own")
    assert problem.message == "there is no policy named 'my-own'"
    names = ", ".join(["policy", *shipped_policies()])
    assert problem.hint == f"the names are: {names} (a file is written with a '/' or ends in .yaml)"


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    problem = the_problem(str(tmp_path / "none.yaml"))
    assert problem.message == "cannot read the policy: No such file or directory"
    assert problem.hint.startswith("policies that come with the program: dual-stack, dual-wan")


def test_a_directory_is_no_policy(tmp_path: Path) -> None:
    assert the_problem(str(tmp_path)).message == "cannot read the policy: Is a directory"


@pytest.mark.parametrize("kind", ["FIFO", "FIFO behind a link", "socket", "device"])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    match kind:
        case "FIFO":
            os.mkfifo(file)
        case "FIFO behind a link":
            os.mkfifo(tmp_path / "fifo")
            file.symlink_to("fifo")
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(file))
        case "device":
            file = Path("/dev/zero")
    assert the_problem(str(file)).message == "cannot read the policy: not a regular file"


def test_a_pipe_that_the_shell_gives_us_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, shipped_policies()["dual-wan"].read_bytes())
    os.close(writing)
    assert load(f"/dev/fd/{reading}") == load("dual-wan")
    os.close(reading)


def test_reading_policies_imports_nothing_of_the_network() -> None:
    program = (
        "import sys\n"
        "from route_switcher.policy.load import load\n"
        "load('dual-wan')\n"
        "print(*sorted({'trio', 'pyroute2.netlink', 'icmplib', 'asyncio'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.strip() == ""
