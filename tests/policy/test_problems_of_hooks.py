"""What a person can get wrong about the programs that are run, and what is read of them."""

import os
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems
from route_switcher.policy.safe_to_run import load_safe
from support.told import check, with_uplink

RUN = "a list of a program and its arguments"
PATH_HINT = "write the whole path of the program, such as /usr/bin/curl: $PATH is not searched"


def hook(text: str) -> str:
    """A policy with one hook, whose value begins in column 26 of line 5."""
    return with_uplink(f"hooks: {{on_switch: [{{run: {text}}}]}}\n")


PROBLEMS = {
    "nothing": (
        with_uplink("hooks: {}\n"),
        [
            "5:8-10 bad-value: {} is not a mapping of hooks",
            "write for example {on_switch: [{run: [/usr/local/bin/notify]}]}",
        ],
    ),
    "an event that there is none of": (
        with_uplink("hooks: {on_failover: [{run: [/bin/it]}]}\n"),
        [
            "5:9-20 unknown-key: unknown key 'on_failover'",
            "did you mean 'on_switch'?",
        ],
    ),
    "one program, without a list": (
        with_uplink("hooks: {on_switch: {run: [/bin/it]}}\n"),
        [
            "5:20-36 bad-value: this mapping is not a list of programs",
            "write it as a list: [{run: […]}]",
        ],
    ),
    "an empty list": (
        with_uplink("hooks: {on_switch: []}\n"),
        [
            "5:20-22 bad-value: [] is not a list of programs",
            "write for example [{run: [/usr/local/bin/notify]}]",
        ],
    ),
    "too many programs": (
        with_uplink(
            f"hooks: {{on_switch: [{', '.join(f'{{run: [/bin/{n:02}]}}' for n in range(17))}]}}\n"
        ),
        ["5:20-326 bad-value: a list of programs cannot have 17 items", "write 16 at most"],
    ),
    "too many arguments": (
        hook(f"[/bin/it{', a' * 64}]"),
        [
            "5:27-228 bad-value: a list of a program and its arguments cannot have 65 items",
            "write 64 at most",
        ],
    ),
    "a relative path": (
        hook("[notify, it]"),
        ["5:28-34 relative-program: 'notify' is not an absolute path", PATH_HINT],
    ),
    "a path from the current folder": (
        hook("[./notify]"),
        ["5:28-36 relative-program: './notify' is not an absolute path", PATH_HINT],
    ),
    "a path from a home": (
        hook("[~/notify]"),
        ["5:28-36 relative-program: '~/notify' is not an absolute path", PATH_HINT],
    ),
    "an empty program": (
        hook("['', it]"),
        ["5:28-30 relative-program: the program has no name", PATH_HINT],
    ),
    "a folder": (
        hook("[/usr/bin/]"),
        ["5:28-37 relative-program: '/usr/bin/' is a folder, not a program", PATH_HINT],
    ),
    "no program": (
        hook("[]"),
        [
            f"5:27-29 bad-value: [] is not {RUN}",
            "write for example [/usr/local/bin/notify, --quiet]",
        ],
    ),
    "the program alone": (
        hook("/usr/bin/notify"),
        [
            f"5:27-42 bad-value: '/usr/bin/notify' is not {RUN}",
            "no shell reads it: write [/usr/bin/notify]",
        ],
    ),
    "words for a shell": (
        hook("/usr/bin/logger -t net switched"),
        [
            f"5:27-58 bad-value: '/usr/bin/logger -t net switched' is not {RUN}",
            "no shell reads it: write [/usr/bin/logger, '-t', net, switched]",
        ],
    ),
    "what only a shell understands": (
        hook("'echo $HOME > /tmp/it'"),
        [
            f"5:27-49 bad-value: 'echo $HOME > /tmp/it' is not {RUN}",
            "write the program and its arguments as a list, such as [/usr/bin/logger, switched]",
        ],
    ),
    "an argument that is a number": (
        hook("[/bin/it, 5]"),
        [
            "5:37-38 bad-value: 5 is not an argument of a program",
            "put it in quotes to make it text: '5'",
        ],
    ),
    "an argument with a NUL": (
        hook('[/bin/it, "a\\0"]'),
        [
            "5:37-42 bad-value: 'a\\x00' is not an argument of a program",
            "an argument is text of up to 4096 characters, without a NUL",
        ],
    ),
    "no run": (
        with_uplink("hooks: {on_switch: [{timeout: 5s}]}\n"),
        [
            "5:21-34 missing-key: a hook needs the key 'run'",
            "write for example 'run: [/usr/local/bin/notify, --quiet]'",
        ],
    ),
    "a timeout without a unit": (
        hook("[/bin/it], timeout: 5"),
        ["5:47-48 bad-value: 5 is not a duration", "a unit is missing: write 5s"],
    ),
    "a timeout that is a word": (
        hook("[/bin/it], timeout: never"),
        ["5:47-52 bad-value: 'never' is not a duration", "a time ends: write 10m at most"],
    ),
    "a timeout that is too long": (
        hook("[/bin/it], timeout: 1h"),
        ["5:47-49 out-of-range: 1h is no time for a program", "write 100ms to 10m"],
    ),
    "a timeout of nothing": (
        hook("[/bin/it], timeout: 0s"),
        ["5:47-49 out-of-range: 0s is no time for a program", "write 100ms to 10m"],
    ),
    "no attempt": (
        hook("[/bin/it], attempts: 0"),
        [
            "5:48-49 bad-value: 0 is not a number of attempts",
            "a whole number from 1 to 10: how often the engine runs it until it ends with"
            " exit code 0, with 5 seconds between two attempts. Left out: 3",
        ],
    ),
    "the same twice": (
        with_uplink("hooks: {on_switch: [{run: [/bin/it, a]}, {run: [/bin/it, a]}]}\n"),
        [
            "5:48-60 duplicate-hook: 'on_switch' has this program with these arguments already",
            "remove it: it is run once",
        ],
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_hooks(case: str) -> None:
    check(*PROBLEMS[case])


def test_what_is_written_is_read_and_what_is_left_out_has_a_default() -> None:
    policy = load_text(
        with_uplink(
            "hooks:\n"
            "  on_all_up: [{run: [/bin/it, '5', 'a b', '']}]\n"
            "  on_switch: [{run: [/bin/a], timeout: 1500ms, attempts: 1}, {run: [/bin/b]}]\n"
        ),
        "it",
    )
    assert policy.hooks == (
        Hook(HookKind.ON_SWITCH, ("/bin/a",), 1.5, 1),
        Hook(HookKind.ON_SWITCH, ("/bin/b",), 10.0, 3),
        Hook(HookKind.ON_ALL_UP, ("/bin/it", "5", "a b", ""), 10.0, 3),
    )


# Who may write it.


def written(folder: Path, text: str = hook("[/bin/true]")) -> Path:
    file = folder / "policy.yaml"
    file.write_text(text)
    return file


def test_a_policy_with_hooks_that_others_may_write_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.chmod(0o644)
    assert load_safe(str(file)).policy.hooks
    file.chmod(0o666)
    with pytest.raises(PolicyProblems) as caught:
        load_safe(str(file))
    (problem,) = caught.value.problems
    assert problem.code == "others-may-write"
    assert problem.message == (
        f"this policy runs programs, but another user can change it: every user may write {file}"
    )
    assert problem.hint == f"chmod o-w {file}"
    assert problem.span is not None
    assert problem.span.line == 5


def test_so_it_is_where_others_may_write_the_folder_or_a_link_leads_there(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    file = written(folder)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    load_safe(str(link))
    folder.chmod(0o777)
    for path in (file, link):
        with pytest.raises(PolicyProblems, match=f"may write {folder}"):
            load_safe(str(path))


def test_a_policy_without_hooks_may_be_written_by_others(tmp_path: Path) -> None:
    file = written(tmp_path, with_uplink(""))
    file.chmod(0o666)
    assert not load_safe(str(file)).policy.hooks


def test_what_comes_by_a_descriptor_was_opened_by_who_started_us(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, hook("[/bin/true]").encode())
    os.close(writing)
    try:
        assert load_safe(f"/dev/fd/{reading}").policy.hooks
    finally:
        os.close(reading)
