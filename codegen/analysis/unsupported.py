"""Nodes that cannot be read, grouped: one reason may stand for a thousand of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.reader.survey import Problem


@dataclass(frozen=True)
class Group:
    """Nodes of one operator that have the same thing wrong.

    Attributes:
        nodes: their names, in the model's order.
    """

    operator: str
    reason: str
    remedy: str
    nodes: tuple[str, ...]


def grouped(problems: Sequence[Problem]) -> tuple[Group, ...]:
    """Problems by operator, reason and remedy; most nodes first."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in problems:
        found.setdefault((each.operator, each.reason, each.remedy), []).append(each.node)
    groups = [Group(*key, tuple(nodes)) for key, nodes in found.items()]
    return tuple(sorted(groups, key=lambda group: -len(group.nodes)))
