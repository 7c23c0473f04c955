"""`route-switcher explain`, as a person calls it."""

from pathlib import Path

import pytest

from route_switcher.analysis.prose.diagram import diagram
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, main


def test_a_policy_is_explained_with_the_diagram_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "dual-wan"]) == EXIT_OK
    out, err = capsys.readouterr()
    assert err == ""
    headings = [line for line in out.splitlines() if line.startswith("#")]
    assert max(map(len, out.splitlines())) <= 80
    assert headings[0] == "# dual-wan"
    assert headings[1:] == [
        "## Which uplink carries the traffic",
        "## Next hops and tables",
        "## Probes",
        "## When an uplink fails, and when it is healthy again",
        "## What happens then",
        "## False failures",
        "## The states of a rule",
    ]
    assert out.endswith(f"{diagram()}\n")
    assert "\n\n\n" not in out


def test_a_file_is_explained_by_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dual-wan.yaml"
    file.write_text(
        "version: 1\nuplinks: {eth0: {interface: eth0, gateway: 198.51.100.1}}\n", "utf-8"
    )
    assert main(["explain", str(file)]) == EXIT_OK
    assert capsys.readouterr().out.startswith(f"# {file}\n")


def test_the_diagram_can_be_had_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--diagram", "dual-wan"]) == EXIT_OK
    assert capsys.readouterr().out == f"{diagram()}\n"


def test_a_bad_policy_is_told_as_by_validate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("version: 1\nuplink: {}\n", "utf-8")
    assert main(["explain", str(file)]) == EXIT_PROBLEMS
    out, told = capsys.readouterr()
    assert out == ""
    assert "hint: did you mean 'uplinks'?" in told
    main(["validate", str(file)])
    assert capsys.readouterr().out.startswith(told)


def test_one_policy_is_explained_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explain", "dual-wan", "dual-stack"])
    assert caught.value.code == EXIT_USAGE
    assert capsys.readouterr().err.startswith("usage: route-switcher")
