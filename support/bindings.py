"""Where a Python file gives a name a value, told without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Binding:
    """One place that gives a name of a file a value, or takes it away.

    Attributes:
        line: from 1.
        value: what a plain assignment that always runs assigns; None for anything else.
    """

    line: int
    value: ast.expr | None = None


def bindings(tree: ast.Module, name: str) -> list[Binding]:
    """All places, in the file's order; what `from x import *` brings is for its reader."""
    found = _Found(name)
    found.visit(tree)
    plain = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
                plain[target] = node.value
    return [Binding(line, plain.get(node)) for node, line in found.nodes]  # type: ignore[call-overload]


class _Found(ast.NodeVisitor):
    """Nodes that bind a name in a file's own scope, with their lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[tuple[ast.AST, int]] = []

    def _look(self, node: ast.AST, bound: str | None, line: int) -> None:
        if bound == self.name:
            self.nodes.append((node, line))

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._look(node, node.id, node.lineno)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:  # a type alone is no value
            self.generic_visit(node)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._look(node, node.name, node.lineno)
        # Names in it are its own, but for those that it says are the file's.
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global) and self.name in inner.names:
                self._look(inner, self.name, inner.lineno)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _definition

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its names are its own."""

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for part in (node.iter, *node.ifs):
            self.visit(part)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._look(node, alias.asname or alias.name.partition(".")[0], node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._look(node, alias.asname or alias.name, node.lineno)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._look(node, node.name, node.lineno)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self._look(node, node.name, node.lineno)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self._look(node, node.name, node.lineno)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self._look(node, node.rest, node.lineno)
        self.generic_visit(node)
