"""Templates: what each is made of (include, import, from and extends, followed), and rendering."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

# The name may be an expression of strings ("a" if x else "b"): every quoted name counts.
STATEMENT = re.compile(r"\{%[-+]?\s*(?:include|import|from|extends)\s+(.*?)%\}", re.DOTALL)
NAME = re.compile(r"""["']([^"'\n]+)["']""")


def template_files(root: str, *patterns: str) -> list[str]:
    """Absolute paths of all templates that match and of what they pull in, sorted.

    Args:
        root: the project's folder; names in templates are relative to its templates/.
        patterns: glob patterns relative to templates/.
    """
    templates = f"{root}/templates"
    waiting = [str(path) for pattern in patterns for path in Path(templates).glob(pattern)]
    found: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in found and Path(path).is_file():
            found.add(path)
            waiting.extend(f"{templates}/{name}" for name in _named(path))
    return sorted(found)


@functools.cache
def _named(path: str) -> list[str]:
    """The names of templates in a template's statements."""
    text = Path(path).read_text(encoding="utf-8")
    return [name for statement in STATEMENT.findall(text) for name in NAME.findall(statement)]


def templates(env: Any, *patterns: str) -> list[Any]:
    """Nodes of templates with all they include, and the style that generated C is formatted in."""
    root = env["PROJECT_ROOT"]
    return [env.File(path) for path in (*template_files(root, *patterns), f"{root}/.clang-format")]


def render(env: Any, template: str, out: Any, *arguments: Any) -> Any:
    """Declare the rendering of one template."""
    return env.Run(
        "RENDER",
        "codegen render",
        [out],
        [template, *arguments, "--out", out],
        also=templates(env, template),
        installed=["clang-format"],
    )


def contexts(env: Any, **files: Any) -> list[Any]:
    """The words that give a template files by name."""
    return [word for key, node in files.items() for word in ("--context", env.Named(key, node))]


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Templates(*patterns)`, `env.Render(template, out, *arguments)` and
    `env.Contexts(name=file, …)`."""
    env.AddMethod(contexts, "Contexts")
    env.AddMethod(templates, "Templates")
    env.AddMethod(render, "Render")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
