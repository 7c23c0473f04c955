"""Files that are made to keep a checker busy are refused before they can."""

from collections.abc import Collection
from difflib import get_close_matches

import pytest

from route_switcher.policy.load import load_bytes, load_text
from route_switcher.policy.problems import MAX_TOLD, PolicyProblems
from route_switcher.policy.yaml.reader import MAX_DEPTH, MAX_NODES, MAX_SIZE
from support.told import told, with_uplink

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
"""Ten lines that mean three thousand million values."""


def problems_of(text: str) -> PolicyProblems:
    with pytest.raises(PolicyProblems) as caught:
        load_text(text, "policy.yaml")
    return caught.value


def codes(text: str) -> set[str]:
    return {problem.code for problem in problems_of(text).problems}


def test_an_alias_bomb_is_refused_unexploded() -> None:
    assert codes(BOMB) >= {"anchor", "alias", "unknown-key", "missing-key"}


def test_an_alias_to_itself_is_refused() -> None:
    assert "alias" in codes(with_uplink("probes: &p [*p]\n"))


def test_a_text_up_to_the_limit_is_read_and_one_above_is_not() -> None:
    text = with_uplink("")
    filled = text + "#" * (MAX_SIZE - len(text))
    load_text(filled, "policy.yaml")
    assert codes(filled + "#") == {"too-large"}


def test_bytes_are_counted_before_they_are_decoded() -> None:
    with pytest.raises(PolicyProblems) as caught:
        load_bytes(b"\xff" * (MAX_SIZE + 1), "policy.yaml")
    assert [problem.code for problem in caught.value.problems] == ["too-large"]


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_depth_is_bounded(brackets: str) -> None:
    def nested(depth: int) -> str:
        key = "a: " if brackets == "{}" else ""
        return (brackets[0] + key) * depth + "1" + brackets[1] * depth

    assert "too-deep" not in codes(f"version: {nested(MAX_DEPTH - 2)}")
    assert "too-deep" in codes(f"version: {nested(MAX_DEPTH - 1)}")


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "{a: ", "[[{"])
def test_endless_nesting_is_refused_where_it_gets_too_deep(opening: str) -> None:
    assert "too-deep" in codes(opening * 100_000)


def test_nesting_below_a_key_that_is_not_read_is_bounded_too() -> None:
    assert "too-deep" in codes("version: 1\nversion: " + "[" * 1000)
    assert "too-deep" in codes("? " + "[" * 1000)


def test_the_number_of_values_is_bounded() -> None:
    assert told("version: [" + "1," * MAX_NODES + "]")[0].split()[1] == "too-large:"


def test_a_long_list_of_mixed_values_is_told_item_by_item() -> None:
    # The library's own check for duplicates would compare each of them with each.
    items = ",".join(str(i) if i % 2 else f"x{i}" for i in range(15_000))
    problems = problems_of(with_uplink(f"probes: {{p: {{type: icmp, targets: [{items}]}}}}"))
    assert problems.found == 15_000


def test_the_first_hundred_problems_are_told_and_how_many_follow() -> None:
    def with_unknown_keys(number: int) -> str:
        return with_uplink("".join(f"extra{i}: 1\n" for i in range(number)))

    assert len(told(with_unknown_keys(MAX_TOLD))) == MAX_TOLD
    *first, last = told(with_unknown_keys(MAX_TOLD + 7))
    assert [line.split()[1] for line in first] == ["unknown-key:"] * MAX_TOLD
    assert last == (
        "105:1-9 too-many-problems: too many problems: from here on 7 more are not shown"
        " | correct those above first; or is this the wrong file?"
    )


def references(probes: int, rules: int) -> str:
    """A policy with that many probes, and rules that misspell their names."""
    names = "".join(f"  probe{i:04d}: {{type: icmp}}\n" for i in range(probes))
    rule = "  - {{name: r{0}, probe: prove{0:04d}, fail: {{failures: 3}}}}\n"
    return with_uplink(f"probes:\n{names}rules:\n{''.join(map(rule.format, range(rules)))}")


def test_thousands_of_unknown_names_are_not_all_compared_with_thousands_of_known_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    candidates: list[int] = []

    def counting(word: str, known: Collection[str], n: int, cutoff: float) -> list[str]:
        candidates.append(len(known))
        return get_close_matches(word, known, n, cutoff)

    monkeypatch.setattr("route_switcher.policy.suggestions.get_close_matches", counting)
    problems = problems_of(references(500, 1200))
    assert problems.found == 1200
    assert len(candidates) <= MAX_TOLD
    assert max(candidates) <= 100


def test_a_hint_names_some_of_thousands_of_probes() -> None:
    text = references(500, 0) + "  - {name: r, probe: other, fail: {failures: 3}}\n"
    (hint,) = {p.hint for p in problems_of(text).problems if p.code == "unknown-probe"}
    assert hint.startswith("the probes are: probe0000, probe0001, ")
    assert hint.endswith(", probe0019 and 480 more")


def test_a_long_word_is_compared_with_nothing() -> None:
    names = "? " + "x" * 20_000 + "\n"
    hints = [p.hint for p in problems_of(with_uplink(names)).problems if p.code == "unknown-key"]
    assert [hint.split(":")[0] for hint in hints] == ["the keys known here"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"version: 1\nname: b\xfcro\n", "2:8-9 the byte 0xfc is not UTF-8"),
        (b"\xff\xfev\x00", "1:1-1 the file is UTF-16 or UTF-32, and not UTF-8"),
        ("version: 1".encode("utf-16-be"), "1:1-1 the file is UTF-16 or UTF-32, and not UTF-8"),
        ("version: 1".encode("utf-32"), "1:1-1 the file is UTF-16 or UTF-32, and not UTF-8"),
        (b"\xffversion: 1", "1:1-2 the byte 0xff is not UTF-8"),
        ("version: ü".encode() + b"\x80", "1:11-12 the byte 0x80 is not UTF-8"),
        ("\ufeffversion: ü".encode() + b"\x80", "1:11-12 the byte 0x80 is not UTF-8"),
        (b"version: 1 # \xe2\x82", "1:14-15 the byte 0xe2 is not UTF-8"),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused_at_its_first_bad_byte(
    raw: bytes, expected: str
) -> None:
    with pytest.raises(PolicyProblems) as caught:
        load_bytes(raw, "policy.yaml")
    (problem,) = caught.value.problems
    span = problem.span
    assert span is not None
    assert f"{span.line}:{span.column}-{span.end_column} {problem.message}" == expected
    assert problem.hint == "save the file as UTF-8"


def test_a_byte_order_mark_moves_no_column() -> None:
    with pytest.raises(PolicyProblems) as caught:
        load_bytes("\ufeffvers: 1\n".encode(), "policy.yaml")
    assert {p.span.column for p in caught.value.problems if p.span} == {1}
