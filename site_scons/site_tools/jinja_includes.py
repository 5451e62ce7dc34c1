"""Which template files a template is made of: include, import, from and extends, followed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# The name may be an expression of strings ("a" if x else "b"): every quoted name counts.
STATEMENT = re.compile(r"\{%[-+]?\s*(?:include|import|from|extends)\s+(.*?)%\}", re.DOTALL)
NAME = re.compile(r"""["']([^"'\n]+)["']""")


def template_files(env: Any, root: str, *patterns: str) -> list[str]:
    """Absolute paths of all templates that match and of what they pull in, sorted.

    Args:
        root: the project's folder; names in templates are relative to its templates/.
        patterns: glob patterns relative to templates/.
    """
    templates = Path(root, "templates")
    waiting = [path for pattern in patterns for path in templates.glob(pattern) if path.is_file()]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        for statement in STATEMENT.findall(path.read_text(encoding="utf-8")):
            waiting.extend(templates / name for name in NAME.findall(statement))
    return sorted(map(str, found))


def generate(env: Any, **kw: Any) -> None:
    """Add `env.TemplateFiles(root, *patterns)`."""
    env.AddMethod(template_files, "TemplateFiles")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
