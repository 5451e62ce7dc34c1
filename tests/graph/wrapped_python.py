"""A Python of .venv that does something of the test's before or after a command of the build."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from support.removal import remove_temporary_folder
from tests.graph.project import Project


@contextlib.contextmanager
def wrapped_python(project: Project, before: str = "", after: str = "") -> Iterator[None]:
    """While the block runs, lines of shell stand around each Python command; its words are `$*`."""
    venv = project.path(".venv")
    real = venv.resolve()
    python = real / "bin" / "python"
    venv.unlink()
    (venv / "bin").mkdir(parents=True)
    for path in (*real.iterdir(), *(real / "bin").iterdir()):
        link = venv / path.relative_to(real)
        if path.name not in ("bin", "python"):
            link.symlink_to(path)
    wrapper = venv / "bin" / "python"
    wrapper.write_text(f'#!/bin/sh\n{before}\n"{python}" "$@" || exit\n{after}\n')
    wrapper.chmod(0o755)
    try:
        yield
    finally:
        remove_temporary_folder(venv)  # follows no links
        venv.symlink_to(real)
