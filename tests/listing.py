"""The files that pytest takes for tests when it is given this folder, none of them imported.

`python -m tests.listing` prints their paths. (Asking `pytest --collect-only` would import PyTorch.)
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent


class Unread(pytest.File):
    """A test file that stays closed."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing."""
        yield from ()


class Listing:
    """A plug-in that notes the files."""

    def __init__(self) -> None:
        self.paths: list[Path] = []

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> Unread:
        """Called by pytest for each file that it would import."""
        self.paths.append(module_path)
        return Unread.from_parent(parent, path=module_path)


def main() -> int:
    """Print the paths, one a line."""
    listing = Listing()
    words = ["--collect-only", "-q", "-p", "no:cacheprovider", str(TESTS)]
    with contextlib.redirect_stdout(sys.stderr):
        status = pytest.main(words, plugins=[listing])
    print("\n".join(map(str, listing.paths)))
    return 0 if status == pytest.ExitCode.NO_TESTS_COLLECTED else int(status) or 1


if __name__ == "__main__":
    sys.exit(main())
