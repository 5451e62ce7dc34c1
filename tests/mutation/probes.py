"""Probes: which tests execute a mutant's line, told by a byte that the line before it sets.

They are put into a copy of the project that serves for nothing else. All processes that a test
starts set bytes of one file, mapped into memory: SCons, programs of packages, C on this computer,
copies of copies. A probe costs what storing a byte costs, so nothing is traced.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.mutation.sites import Mutant

_MAP = "_nn_probes"
_PYTHON = (
    f'{_MAP} = __import__("mmap").mmap(__import__("os").open({{file!r}}, 2), {{size}})'
    "  # noqa: E501\n"
)
# C on this computer only; nothing of a header, which the file may include or not.
_C = """\
#if defined(__linux__) && !defined(__cplusplus)
    {{
        extern int open(const char *, int, ...);
        extern void *mmap(void *, unsigned long, int, int, int, long);
        static volatile unsigned char *nn_probes;
        if (nn_probes == 0) {{
            nn_probes = (volatile unsigned char *)mmap(0, {size}, 3, 1, open("{file}", 2), 0);
        }}
        nn_probes[{number}] = 1u;
    }}
#endif
"""
_TEMPLATES = """

def _nn_probe_templates():
    found = jinja2.Environment._load_template
    numbers = {numbers!r}

    def load(self, name, globals):
        for number in numbers.get(str(name), ()):
            {map}[number] = 1
        return found(self, name, globals)

    jinja2.Environment._load_template = load


_nn_probe_templates()
"""
_RENDERING = "codegen/render.py"


def put(root: Path, mutants: Mapping[int, Mutant], file: Path) -> None:
    """Put a probe before each mutant's statement.

    Where a file's functions are only made, a constant of the module or a default, the functions
    that name it have the probe; C has it at the beginning of the function, templates when they are
    loaded. A line that nothing can be put before has none.

    Args:
        root: the copy of the project.
        mutants: with the numbers of their bytes.
        file: is made, a byte for each number.
    """
    size = 1 + max(mutants)
    file.write_bytes(bytes(size))
    by_path: dict[str, dict[int, Mutant]] = defaultdict(dict)
    for number, mutant in mutants.items():
        by_path[mutant.path][number] = mutant
    head = _PYTHON.format(file=str(file), size=size)
    templates: dict[str, list[int]] = {}
    for path, numbered in by_path.items():
        target = root / path
        if path.endswith(".py"):
            target.write_text(_python(target.read_text(encoding="utf-8"), numbered, head))
        elif path.startswith("templates/"):
            templates[path.removeprefix("templates/")] = [*numbered]
        else:
            probes = {n: _C.format(file=file, size=size, number=n) for n in numbered}
            target.write_text(_c(target.read_text(encoding="utf-8"), numbered, probes))
    if templates:
        target = root / _RENDERING
        text = target.read_text(encoding="utf-8")
        text = text if _MAP in text else _python(text, {}, head)
        text += _TEMPLATES.format(numbers=templates, map=_MAP)
        target.write_text(text, encoding="utf-8")


def _python(text: str, mutants: Mapping[int, Mutant], head: str) -> str:
    tree = ast.parse(text)
    before: dict[int, set[int]] = defaultdict(set)
    lines = text.splitlines(keepends=True)
    for number, mutant in mutants.items():
        for line in _python_lines(tree, lines, mutant.line):
            before[line].add(number)
    for line in sorted(before, reverse=True):
        code = lines[line - 1]
        indent = code[: len(code) - len(code.lstrip())]
        lines[line - 1 : line - 1] = [f"{indent}{_MAP}[{n}] = 1\n" for n in sorted(before[line])]
    lines.insert(_head_line(tree), head)
    return "".join(lines)


def _head_line(tree: ast.Module) -> int:
    """Where a module's first line of its own may stand: behind its docstring and `__future__`."""
    line = 0
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not docstring and not future:
            break
        line = node.end_lineno or line
    return line


def _python_lines(tree: ast.Module, lines: Sequence[str], line: int) -> set[int]:
    """The lines that a probe of a line stands before."""
    if (found := _statement(tree, lines, line)) is not None:
        return {found}
    # It runs when the module is imported: what matters is who uses what it makes.
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and _first(n)]
    made = _made_at(tree, line)
    own = [f for f in functions if f.lineno <= line <= (f.end_lineno or 0)]
    using = own or [f for f in functions if made & {*_mentioned(f)}]
    return {first for function in using or functions if (first := _first(function))}


def _statement(tree: ast.Module, lines: Sequence[str], line: int) -> int | None:
    """The beginning of the innermost statement of a function that a line is of."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    found, inside = None, False
    for node in sorted(around, key=lambda node: (node.lineno, -(node.end_lineno or 0))):
        if isinstance(node, ast.FunctionDef):
            first = _first(node)
            inside = first is not None and first <= line
        elif not isinstance(node, ast.ClassDef) and inside and not _is_elif(lines, node):
            found = node.lineno
    return found


def _is_elif(lines: Sequence[str], node: ast.stmt) -> bool:
    """Whether nothing may stand before a statement: before the `if` that it belongs to."""
    return lines[node.lineno - 1].lstrip().startswith("elif")


def _first(function: ast.FunctionDef) -> int | None:
    """The line of a function's first statement behind its docstring, where it begins a line."""
    for node in function.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and node.lineno > function.lineno:
            decorators: list[ast.expr] = getattr(node, "decorator_list", [])
            return min([node.lineno, *(each.lineno for each in decorators)])
    return None


def _made_at(tree: ast.Module, line: int) -> set[str]:
    """The names that the module's or a class's statement at a line makes."""
    made = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.ClassDef) and (
            node.lineno <= line <= (node.end_lineno or 0)
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node]
            made |= {name for target in targets for name in _names(target)}
    return made


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.AnnAssign):
        yield from _names(node.target)
    else:
        yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _mentioned(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


_FUNCTION = re.compile(r"^(?!\s*(?:\}|do\b|if\b|for\b|while\b|switch\b)).*\) \{$")


def _c(text: str, mutants: Mapping[int, Mutant], probes: Mapping[int, str]) -> str:
    lines = text.splitlines(keepends=True)
    for number in sorted(mutants, key=lambda number: mutants[number].line, reverse=True):
        if (begin := _c_function(lines, mutants[number].line)) is not None:
            lines[begin] += probes[number]
    return "".join(lines)


def _c_function(lines: list[str], line: int) -> int | None:
    """The index of the line that opens the function of a line's statement."""
    for index in range(line - 2, -1, -1):
        code = lines[index].rstrip("\n")
        if code.startswith("}"):
            return None
        if _FUNCTION.match(code) and _at_the_left(lines[: index + 1]):
            return index
    return None


def _at_the_left(lines: Iterable[str]) -> bool:
    """Whether the last of these lines is, or goes on, what begins at the left margin."""
    depth = 0
    for code in reversed([*lines]):
        depth += code.count(")") - code.count("(")
        if depth <= 0:
            return not code[0].isspace()
    return False
