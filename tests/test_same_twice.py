"""What makes the suite do the same in every run."""

import ast
from pathlib import Path

import hypothesis

TESTS = Path(__file__).parent


def test_property_tests_try_the_same_examples_in_every_run() -> None:
    profile = hypothesis.settings.get_profile("same-twice")
    assert profile.derandomize
    assert profile.database is None
    assert profile.deadline is None


def test_a_search_tries_new_examples_and_keeps_what_it_finds() -> None:
    profile = hypothesis.settings.get_profile("search")
    assert not profile.derandomize
    assert profile.database is not None


def test_random_numbers_have_a_seed() -> None:
    for file in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.ImportFrom(module="random", names=names):
                    unseeded = {name.name for name in names} - {"Random"}
                case ast.Call(func=ast.Name("Random") | ast.Attribute(attr="Random"), args=[]):
                    unseeded = {"Random()"}
                case ast.Call(func=ast.Attribute(value=ast.Name("random"), attr=name)):
                    # A parameter called `random` is a Random; the module's own have no seed.
                    module = "\nimport random\n" in file.read_text("utf-8")
                    unseeded = {name} - {"Random"} if module else set()
                case _:
                    continue
            assert unseeded == set(), f"{file}:{node.lineno}"
