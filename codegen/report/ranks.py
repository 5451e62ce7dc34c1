"""Nodes of a graph in ranks from top to bottom, and the ways of its edges between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

Edge = tuple[int, int]


@dataclass(frozen=True)
class Ranks:
    """An order without coordinates.

    Attributes:
        ranks: from top to bottom; what is in each, from left to right. Numbers above those of the
            nodes are bends: where an edge passes a rank.
        ways: of each edge, in order: its node above, its bends, its node below.
    """

    ranks: tuple[tuple[int, ...], ...]
    ways: tuple[tuple[int, ...], ...]


def in_ranks(count: int, edges: Sequence[Edge]) -> Ranks:
    """Each node one rank below the lowest that it reads; edges pass ranks at bends.

    Each rank is sorted by the mean place of what is above it (Sugiyama et al., 1981), once.

    Args:
        count: of nodes, which are 0 … count - 1.
        edges: (above, below); no cycles.
    """
    above: dict[int, list[int]] = {node: [] for node in range(count)}
    for source, target in edges:
        above[target].append(source)
    rank: dict[int, int] = {}
    for node in TopologicalSorter(above).static_order():
        rank[node] = max((rank[source] + 1 for source in above[node]), default=0)
    # What is read late, such as a second input, stands just above its reader.
    for node in range(count):
        readers = [rank[target] for source, target in edges if source == node]
        if not above[node] and readers:
            rank[node] = min(readers) - 1
    ways = []
    for source, target in edges:
        way = [source]
        for between in range(rank[source] + 1, rank[target]):
            way.append(len(rank))
            rank[len(rank)] = between
        ways.append((*way, target))
    return Ranks(_sorted(rank, ways), tuple(ways))


def _sorted(rank: Mapping[int, int], ways: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    above: dict[int, list[int]] = {node: [] for node in rank}
    for way in ways:
        for source, target in pairwise(way):
            above[target].append(source)
    ranks: list[list[int]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for node, number in rank.items():
        ranks[number].append(node)
    place: dict[int, float] = {}
    for nodes in ranks:
        means = {
            node: sum(place[source] for source in above[node]) / max(1, len(above[node]))
            for node in nodes
        }
        nodes.sort(key=means.__getitem__)
        place |= {node: (index + 0.5) / len(nodes) for index, node in enumerate(nodes)}
    return tuple(map(tuple, ranks))
