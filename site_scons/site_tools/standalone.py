"""Files of support/ that reading the build uses: they import the standard library alone.

It imports no package, and a module called `support` may be anybody's.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

_SUPPORT = Path(__file__).resolve().parents[2] / "support"


@cache
def standalone(name: str) -> ModuleType:
    """The module `support/<name>.py`, loaded once; a host that reads us sees no module more."""
    own = f"nn2flash_{name}"
    spec = importlib.util.spec_from_file_location(own, _SUPPORT / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module  # dataclasses look themselves up there while they are made
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[own]
    return module
