"""Just enough of C to read what ST's generator writes: macros, and calls of macros.

No preprocessor and no compiler: the text is only searched, after comments are gone and with
strings, brackets and line ends respected. Nothing in it is executed or evaluated but integer
arithmetic.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator

_TOKEN = re.compile(
    r"""/\*.*?\*/ | //(?:\\\n|[^\n])* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.VERBOSE | re.DOTALL,
)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?![\w(])[ \t]*([^\n]*)", re.MULTILINE)
_SUFFIX = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b")
_NAME = re.compile(r"\b[A-Za-z_]\w*\b")
_MARK = re.compile(r'"(?:\\.|[^"\\\n])*"|[][(){},]')
_ARITHMETIC: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_LONGEST_EXPRESSION = 500


def plain(text: str) -> str:
    """The text without comments, with continued lines joined and Unix line ends."""
    joined = text.replace("\r\n", "\n")
    stripped = _TOKEN.sub(lambda m: " " if m[0].startswith("/") else m[0], joined)
    return stripped.replace("\\\n", " ")


def macros(text: str) -> dict[str, str]:
    """Object-like macros of a plain text by name, with their bodies; the last definition counts."""
    return {match[1]: match[2].strip() for match in _DEFINE.finditer(text)}


def integer(body: str, known: dict[str, str]) -> int | None:
    """The value of an integer expression of numbers, known macros, +, - and *; None otherwise."""
    for _ in range(8):
        body = _NAME.sub(lambda m: f"({known[m[0]]})" if m[0] in known else m[0], body)
        if len(body) > _LONGEST_EXPRESSION:
            return None
        body = _SUFFIX.sub(r"\1", body)
        if not _NAME.search(body):
            break
    try:
        tree = ast.parse(body.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _value(tree.body)


def _value(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = _value(node.left), _value(node.right)
        if left is None or right is None:
            return None
        return _ARITHMETIC[type(node.op)](left, right)
    return None


def real(body: str) -> float | None:
    """The value of a C floating constant, with or without brackets, sign and suffix."""
    match = re.fullmatch(r"[\s(]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[fFlL]?[\s)]*", body)
    return float(match[1]) if match else None


def string(body: str) -> str | None:
    """The text of a plain string literal."""
    match = re.fullmatch(r'[\s(]*"([^"\\]*)"[\s)]*', body)
    return match[1] if match else None


def calls(text: str, name: str) -> Iterator[list[str]]:
    """The arguments of every `name(...)` in a plain text, split at the top level's commas.

    A call whose brackets do not close is left out.
    """
    for match in re.finditer(rf"\b{re.escape(name)}[ \t\n]*\(", text):
        if arguments := _arguments(text, match.end()):
            yield arguments


def _arguments(text: str, start: int) -> list[str] | None:
    """Split from just after an opening bracket to its closing one."""
    depth, begin = 0, start
    found: list[str] = []
    for token in _MARK.finditer(text, start):
        mark, at = token[0], token.start()
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            if depth == 0:
                return [*found, text[begin:at].strip()]
            depth -= 1
        elif mark == "," and depth == 0:
            found.append(text[begin:at].strip())
            begin = at + 1
    return None
