"""Which C interface a network's code has, before it is made: names of files depend on it.

ST's tool generates the st-ai interface by default since ST Edge AI Core 3.0 (X-CUBE-AI 11.0), and
announces that the older one will be removed. So where ST's tool or cloud makes the network, the
interface follows its version; where a bundle is there, it is that of the bundle.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LEGACY, ST_AI = "legacy", "st-ai"
# The first releases with st-ai by default. X-CUBE-AI's own numbers begin at 5 where they matter.
_CORE, _XCUBE, _LAST_CORE = 3, 11, 4


def of_version(text: str) -> str:
    """The interface that a version of the tool generates by default; "" is the latest."""
    match = re.match(r"v?(\d+)(?:\.|$)", text)
    if not match:
        return ST_AI
    major = int(match[1])
    new = major >= _CORE if major <= _LAST_CORE else major >= _XCUBE
    return ST_AI if new else LEGACY


def of_bundle(bundle: Path) -> str:
    """The interface of the network in a folder or zip, as its files' names tell; else legacy."""
    names = set(_names(bundle))
    legacy = any(name.endswith("_config.h") for name in names)
    st_ai = {name.removesuffix("_details.h") for name in names if name.endswith("_details.h")}
    generated = any(f"{stem}_data.c" in names for stem in st_ai)
    return ST_AI if generated and not legacy else LEGACY


def of_tool(given: str) -> str:
    """The interface of the installed tool, by the version in its path; of today's without one."""
    told = os.environ.get("STEDGEAI_CORE_DIR", "")
    path = given or told or shutil.which("stedgeai") or ""
    found = shutil.which(given) if given else None
    real = str(Path(found or path).resolve()) if path else ""
    match = re.search(r"(?:STEdgeAI|X-CUBE-AI)[/\\](\d+\.[\d.]*\d)", real)
    return of_version(match[1]) if match else ST_AI


def _names(bundle: Path) -> Iterator[str]:
    """File names without their folders."""
    if bundle.is_dir():
        for _, _, files in os.walk(bundle):
            yield from files
    elif zipfile.is_zipfile(bundle):
        try:
            with zipfile.ZipFile(bundle) as archive:
                yield from (Path(name).name for name in archive.namelist())
        except (zipfile.BadZipFile, OSError):
            # The import says what is wrong with it.
            return


def c_interface(env: Any) -> str:
    """The interface that `c_api=` asks for; `auto` follows where the network comes from."""
    if env["c_api"] != "auto":
        return str(env["c_api"])
    if env["ai"] == "bundle" and env["bundle"]:
        return of_bundle(Path(env.GetLaunchDir(), env["bundle"]))
    if env["ai"] == "stedgeai":
        return of_tool(env["stedgeai"])
    return of_version(env["cloud_version"]) if env["ai"] == "cloud" else LEGACY


def generate(env: Any, **kw: Any) -> None:
    """Add `env.CInterface`."""
    env.AddMethod(c_interface, "CInterface")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
