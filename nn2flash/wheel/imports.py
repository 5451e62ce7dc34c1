"""Imports of a file as the wheel has them: every package a package of `nn2flash`.

In the repository the packages stand side by side (`from codegen.plan import …`); installed under
those names they would be in the way of everybody's own `model` or `device`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

PACKAGE = "nn2flash"
# What puts a dotted name into a string: `python -m` and importlib take such.
DOTTED = re.compile(r"\w+(?:\.\w+)+\.?")


def below_package(text: str, modules: Collection[str], what: str) -> str:
    """A Python file's text with `from PACKAGE…` as `from nn2flash.PACKAGE…`; lines stay.

    Args:
        modules: dotted names of all modules and packages that the wheel has below its own package.
        what: the file, for messages.

    Raises:
        ValueError: a form that this cannot carry over: `import PACKAGE`, or a module of a package
            named in a string.
    """
    packages = {name.partition(".")[0] for name in modules}
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            named = [a.name for a in node.names if a.name.partition(".")[0] in packages]
            if named:
                raise ValueError(f"{what}:{node.lineno}: import {named[0]}: say from … import …")
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").partition(".")[0] in packages and not node.level:
                line = lines[node.lineno - 1]
                # `from` stands alone before the module: the first word after it is that.
                head, tail = line[: node.col_offset + 5], line[node.col_offset + 5 :]
                lines[node.lineno - 1] = f"{head}{PACKAGE}.{tail}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value
            if DOTTED.fullmatch(name) and name.rstrip(".") in modules:
                raise ValueError(f"{what}:{node.lineno}: '{name}': say it by __package__")
    return "".join(lines)
