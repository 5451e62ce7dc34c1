"""Every test asserts something, and nothing but a test is named like one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MODULES = {path: ast.parse(path.read_bytes()) for path in sorted(TESTS.rglob("*.py"))}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """All functions of a module, those of classes and other functions too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def called(function: ast.FunctionDef) -> set[str]:
    """The last names of what a function calls."""
    functions = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in functions}


def asserts(function: ast.FunctionDef) -> bool:
    """Whether a function itself can fail a test."""
    return (
        any(isinstance(node, ast.Assert | ast.Raise) for node in ast.walk(function))
        or any(
            name in {"raises", "fail"} or name.startswith("assert_") for name in called(function)
        )
        or any(
            isinstance(n, ast.keyword) and ast.unparse(n) == "check=True"
            for n in ast.walk(function)
        )
    )


def able_to_fail(every: list[ast.FunctionDef]) -> set[str]:
    """Names of the functions that assert, and of those that call one of them."""
    able = {function.name for function in every if asserts(function)}
    while more := {f.name for f in every if f.name not in able and called(f) & able}:
        able |= more
    return able


def test_every_test_asserts_something() -> None:
    able = able_to_fail([f for tree in MODULES.values() for f in functions(tree)])
    unable = [
        f"{path.relative_to(TESTS)}:{function.lineno}: {function.name}"
        for path, tree in MODULES.items()
        for function in functions(tree)
        if function.name.startswith("test_") and function.name not in able
    ]
    assert not unable


def test_no_fixture_is_named_like_a_test() -> None:
    misnamed = [
        f"{path.relative_to(TESTS)}:{function.lineno}: {function.name}"
        for path, tree in MODULES.items()
        for function in functions(tree)
        if function.name.startswith("test_")
        and any("fixture" in ast.unparse(each) for each in function.decorator_list)
    ]
    assert not misnamed


@pytest.mark.parametrize(
    ("body", "able"),
    [
        ("run()", False),
        ("with suppress(UserError): run()", False),
        ("assert run()", True),
        ("helper()", True),
        ("with pytest.raises(UserError): run()", True),
    ],
)
def test_what_counts(body: str, *, able: bool) -> None:
    tree = ast.parse(f"def helper():\n    assert run()\ndef test_it():\n    {body}\n")
    assert ("test_it" in able_to_fail(list(functions(tree)))) is able
