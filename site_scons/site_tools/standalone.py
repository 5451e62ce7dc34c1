"""Files of support/ that reading the build uses: they import the standard library alone.

It imports no room, and a module called `support` may be anybody's.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_SUPPORT = Path(__file__).resolve().parents[2] / "support"


def standalone(name: str) -> ModuleType:
    """The module `support/<name>.py`, loaded once."""
    known = f"nn2flash_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, _SUPPORT / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module  # dataclasses look themselves up there
        spec.loader.exec_module(module)
    return sys.modules[known]
