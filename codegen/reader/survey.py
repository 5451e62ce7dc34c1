"""Reading on behind nodes that cannot be read: all that is wrong with a network, not the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from support.errors import UserError


class NodeError(UserError):
    """What is wrong with one node.

    Args:
        where: file, node and operator, as a message begins.
        node, operator, reason, remedy: its parts.
    """

    def __init__(self, where: str, node: str, operator: str, reason: str, remedy: str) -> None:
        super().__init__(f"{where}: {reason}", remedy)
        self.node, self.operator, self.reason = node, operator, reason


@dataclass(frozen=True)
class Problem:
    """A node that cannot be read, and why."""

    node: str
    operator: str
    reason: str
    remedy: str


class UnsupportedNodes(UserError):
    """A network with nodes that cannot be read.

    Args:
        problems: of each of them.
        behind: how many nodes nobody could judge, because they read what those write.
    """

    def __init__(self, path: str, problems: tuple[Problem, ...], behind: int) -> None:
        count = len(problems)
        super().__init__(
            f"{path}: {count:,} node{' is' if count == 1 else 's are'} not supported",
            problems[0].remedy,
        )
        self.problems, self.behind = problems, behind


@dataclass
class Survey:
    """What was found so far.

    Attributes:
        lost: names of values that nobody can say anything about.
        behind: nodes that read them.
    """

    problems: list[Problem] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    behind: int = 0

    def passes_over(self, reads: Iterable[str], writes: Iterable[str]) -> bool:
        """Whether a node reads what is lost; what it writes is lost then, too."""
        if self.lost.isdisjoint(reads):
            return False
        self.behind += 1
        self.lost.update(writes)
        return True

    def note(self, node: str, operator: str, error: UserError, writes: Iterable[str]) -> None:
        """A node that cannot be read."""
        reason = error.reason if isinstance(error, NodeError) else error.message
        self.problems.append(Problem(node, operator, reason, error.remedy))
        self.lost.update(writes)

    def judge(self, node: str, operator: str, error: UserError) -> None:
        """A node that was passed over, and could not be read whatever it reads."""
        self.behind -= 1
        self.note(node, operator, error, ())

    def finish(self, path: str) -> None:
        """Raise `UnsupportedNodes` if there are any."""
        if self.problems:
            raise UnsupportedNodes(path, tuple(self.problems), self.behind)
