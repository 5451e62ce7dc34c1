"""counter.c as a shared library, built once for its source and Unicorn."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import unicorn

from support.errors import UserError
from support.files import atomic_path


@cache
def library(folder: Path) -> Any:
    """The library, in `folder`.

    Raises:
        UserError: there is no compiler for this computer.
    """
    source = Path(__file__).with_name("counter.c")
    wheel = Path(unicorn.__file__).parent
    shared = next(wheel.glob("lib/libunicorn.so*"), None)
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or shared is None:
        raise UserError("counting instructions needs a native gcc", "install the package gcc")
    key = hashlib.sha256(source.read_bytes() + unicorn.__version__.encode()).hexdigest()[:16]
    built = folder / f"counter-{key}.so"
    if not built.exists():
        with atomic_path(built) as temporary:
            words = [compiler, "-O2", "-shared", "-fPIC", f"-I{wheel / 'include'}", str(source)]
            words += [str(shared), f"-Wl,-rpath,{shared.parent}", "-o", str(temporary)]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise UserError(f"{source.name} does not compile:\n{done.stderr}")
    loaded = ctypes.CDLL(str(built))
    loaded.counter_attach.restype = ctypes.c_void_p
    loaded.counter_attach.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    loaded.counter_read.restype = ctypes.c_uint64
    loaded.counter_lowest.restype = ctypes.c_uint32
    loaded.counter_marks.restype = ctypes.c_uint32
    for name in ("counter_read", "counter_reset", "counter_free"):
        getattr(loaded, name).argtypes = [ctypes.c_void_p]
    return loaded
