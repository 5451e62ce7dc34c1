"""Nodes of a graph in rows from top to bottom, and the ways of its edges between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

Edge = tuple[int, int]


@dataclass(frozen=True)
class Rows:
    """An order without coordinates.

    Attributes:
        rows: from top to bottom; what is in each, from left to right. Numbers above those of the
            nodes are bends: where an edge passes a row.
        ways: of each edge, in order: its node above, its bends, its node below.
    """

    rows: tuple[tuple[int, ...], ...]
    ways: tuple[tuple[int, ...], ...]


def in_rows(count: int, edges: Sequence[Edge]) -> Rows:
    """Each node one row below the lowest that it reads; edges pass rows at bends.

    Each row is sorted by the mean place of what is above it (Sugiyama et al., 1981), once.

    Args:
        count: of nodes, which are 0 … count - 1.
        edges: (above, below); no cycles.
    """
    above: dict[int, list[int]] = {node: [] for node in range(count)}
    for source, target in edges:
        above[target].append(source)
    row: dict[int, int] = {}
    for node in TopologicalSorter(above).static_order():
        row[node] = max((row[source] + 1 for source in above[node]), default=0)
    # What is read late, such as a second input, stands just above its reader.
    for node in range(count):
        readers = [row[target] for source, target in edges if source == node]
        if not above[node] and readers:
            row[node] = min(readers) - 1
    ways = []
    for source, target in edges:
        way = [source]
        for between in range(row[source] + 1, row[target]):
            way.append(len(row))
            row[len(row)] = between
        ways.append((*way, target))
    return Rows(_sorted(row, ways), tuple(ways))


def _sorted(row: Mapping[int, int], ways: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    above: dict[int, list[int]] = {node: [] for node in row}
    for way in ways:
        for source, target in pairwise(way):
            above[target].append(source)
    rows: list[list[int]] = [[] for _ in range(max(row.values(), default=-1) + 1)]
    for node, number in row.items():
        rows[number].append(node)
    place: dict[int, float] = {}
    for nodes in rows:
        means = {
            node: sum(place[source] for source in above[node]) / max(1, len(above[node]))
            for node in nodes
        }
        nodes.sort(key=means.__getitem__)
        place |= {node: (index + 0.5) / len(nodes) for index, node in enumerate(nodes)}
    return tuple(map(tuple, rows))
