"""What several of this package's tests do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from codegen.xcube.bundle import Request

Make = Callable[..., Path]


def request(bundle: Path, out: Path, **more: Any) -> Request:
    """A request for a stand-in."""
    return Request(bundle=bundle, out=out, **more)


def edit(bundle: Path, name: str, old: str, new: str) -> None:
    """Replace text in every file of that name."""
    found = [path for path in bundle.rglob(name) if old in path.read_text()]
    assert found, f"no {name} with '{old}'"
    for path in found:
        path.write_text(path.read_text().replace(old, new))
