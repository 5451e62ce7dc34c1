"""Where a file can be mutated, and into what.

One own mutator for all languages. cosmic-ray and mutmut, for Python alone, run one command for all
files under one time limit; what would be left of them to use, some thirty lines of operators, comes
with thirty packages (aiohttp, SQLAlchemy and GitPython among them).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One small fault.

    Attributes:
        path: of the file, in the project.
        start, end: the bytes of the file that are replaced.
        old, new: them, and by what.
        line: where that is, from 1.
    """

    path: str
    start: int
    end: int
    old: str
    new: str
    line: int

    def applied(self, data: bytes) -> bytes:
        """The file with the fault."""
        assert data[self.start : self.end].decode() == self.old, f"{self.path} has changed"
        return data[: self.start] + self.new.encode() + data[self.end :]

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.path}:{self.line}: `{old[:60]}` → `{new[:60] or 'nothing'}`"


# Operator → what stands in for it, in Python and in C.
OPERATORS = dict(
    pair.split(" → ")
    for pair in (
        "< → <=",
        "<= → <",
        "> → >=",
        ">= → >",
        "== → !=",
        "!= → ==",
        "+ → -",
        "- → +",
        "* → +",
        "** → *",
        "// → *",
        "/ → *",
        "% → +",
        "<< → >>",
        ">> → <<",
        "& → |",
        "| → &",
        "^ → &",
        "and → or",
        "or → and",
        "&& → ||",
        "|| → &&",
        "in → not in",
        "not in → in",
        "is → is not",
        "is not → is",
    )
)
_PYTHON = re.compile(r"\b(?:not\s+in|is\s+not|in|is|and|or)\b|<<|>>|//|\*\*|[<>=!]=|[-+*/%<>&|^]")
_C = re.compile(
    r"(?P<operator>(?<=\s)(?:&&|\|\||<<|>>|[<>=!]=|[-+*/%<>&|^])(?=\s))"
    r"|(?P<number>(?<![\w.\"#])(?:\d+)(?=u?\b(?!\.|\w)))"
)
_C_STATEMENT = re.compile(
    r"(?P<statement>^[ \t]+(?!return\b|const\b|static\b|else\b|\.|#)[a-z_(*][^;{}\n]*;$)"
)
_ASSEMBLY = re.compile(r"(?P<number>(?<=#)\d+)")
_INSTRUCTION = re.compile(r"(?P<statement>^    [a-z]+\d?[ \t][^\n]*$)")
_JINJA = re.compile(r"\{%\s*(?:el)?if\s+(?P<condition>.*?)\s*%\}")


def mutants(path: str, data: bytes) -> list[Mutant]:
    """All mutants of a file, in its order."""
    python = path.endswith(".py")
    found = _python(path, data) if python else _text(path, data)
    kept = [each for each in found if each.new or not python or _parses(each.applied(data))]
    return sorted(kept, key=lambda mutant: (mutant.start, mutant.end))


def _parses(data: bytes) -> bool:
    """An operand in parentheses, taken away, may leave one of them behind."""
    try:
        ast.parse(data)
    except SyntaxError:
        return False
    return True


def _python(path: str, data: bytes) -> Iterator[Mutant]:
    lines = [0]
    for line in data.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))

    def place(node: ast.AST) -> tuple[int, int]:
        start = lines[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        return start, lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def mutant(start: int, end: int, new: str) -> Mutant:
        line = data.count(b"\n", 0, start) + 1
        return Mutant(path, start, end, data[start:end].decode(), new, line)

    def between(left: ast.AST, right: ast.AST) -> Iterator[Mutant]:
        start, end = place(left)[1], place(right)[0]
        if found := _PYTHON.search(data[start:end].decode()):
            new = OPERATORS[" ".join(found[0].split())]
            yield mutant(start + found.start(), start + found.end(), new)

    for node in _computing(ast.parse(data)):
        start, end = place(node) if hasattr(node, "lineno") else (0, 0)
        if isinstance(node, ast.Compare):
            for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
                yield from between(left, right)
        elif isinstance(node, ast.BinOp):
            yield from between(node.left, node.right)
        elif isinstance(node, ast.BoolOp):
            yield from between(node.values[0], node.values[1])
            for index, value in enumerate(node.values):
                first, last = place(value)
                # The operand with its operator goes.
                if index:
                    yield mutant(place(node.values[index - 1])[1], last, "")
                else:
                    yield mutant(first, place(node.values[1])[0], "")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield mutant(start, end, data[slice(*place(node.operand))].decode())
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield mutant(start, end, str(not node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield mutant(start, end, str(node.value + 1))
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            yield mutant(*place(node.test), "False")
        elif isinstance(node, ast.Expr | ast.Raise | ast.Continue | ast.Break | ast.AugAssign):
            yield mutant(start, end, "pass")


def _computing(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that compute: no docstrings, annotations, imports, words of command lines, or kinds of
    data classes (mypy holds them to what they say)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Expr) and "add_argument" in ast.unparse(node):
            continue
        if isinstance(node, ast.arg) or _is_annotation(node, tree):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "dataclass":
            continue
        yield node
        yield from _computing(node)


def _is_annotation(node: ast.AST, parent: ast.AST) -> bool:
    return node in (getattr(parent, "annotation", None), getattr(parent, "returns", None))


def _text(path: str, data: bytes) -> Iterator[Mutant]:
    """C, assembly and templates of them, line by line."""
    assembly = ".S" in Path(path).name
    offset, comment = 0, False
    for number, line in enumerate(data.decode().splitlines(keepends=True), 1):
        code = line.rstrip("\n")
        if comment or code.lstrip().startswith(("/*", "//", "*", "{#")):
            comment = not ("*/" in code or "#}" in code) and (comment or "//" not in code)
            code = ""
        code = re.sub(r"\s*(//|/\*).*", "", code)
        found = [(_JINJA, code)] if "{%" in code else []
        if "{%" not in code and not code.lstrip().startswith("#"):
            found = [
                (pattern, code)
                for pattern in ((_ASSEMBLY, _INSTRUCTION) if assembly else (_C, _C_STATEMENT))
            ]
        for pattern, text in found:
            for match in pattern.finditer(text):
                kind, old = match.lastgroup, match[match.lastgroup or 0]
                if kind == "number":
                    new = str(int(old) + 1)
                elif kind == "operator":
                    new = OPERATORS[old]
                else:
                    new = f"not ({old})" if kind == "condition" else ""
                start = offset + len(text[: match.start(kind or 0)].encode())
                yield Mutant(path, start, start + len(old.encode()), old, new, number)
        offset += len(line.encode())
