"""Headers under fixed names in front of the imported ones.

Whoever includes `network.h` gets the bundle's header, whatever the bundle calls its network, and
without warnings of ST's. The headers carry a checksum of everything imported, so that they change
when anything behind them does: a build needs to watch nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from codegen.render import render
from codegen.xcube import public_names
from codegen.xcube.discover import LEGACY


def headers(ours: str, api: str, manifest: dict[str, Any]) -> dict[str, str]:
    """Suffix → text of the headers for an imported network.

    Args:
        ours: the name that this build gives the network.
        manifest: as made by `manifest.build`; its name is the bundle's.
    """
    theirs = manifest["name"]
    prefix, signature = ("AI", "MODEL") if api == LEGACY else ("STAI", "ORIGIN_MODEL")
    pools = range(1, len(manifest["activations"]) + 1)
    main: tuple[tuple[str, ...], tuple[str, ...]]
    data: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    if api == LEGACY:
        main = (public_names.LEGACY_MACROS, public_names.LEGACY_FUNCTIONS)
        sizes = tuple(f"DATA_ACTIVATION_{pool}_SIZE" for pool in pools)
        data = ((*public_names.LEGACY_DATA_MACROS, *sizes), public_names.LEGACY_DATA_FUNCTIONS)
    else:
        sizes = tuple(f"ACTIVATION_{pool}_SIZE_BYTES" for pool in pools)
        main = ((*public_names.ST_AI_MACROS, *sizes), public_names.ST_AI_FUNCTIONS)
    context = {
        "ours": ours,
        "theirs": theirs,
        "imported": _sum(manifest["files"]),
        "model": manifest["model_sha256"],
        "signature": f"{prefix}_{ours.upper()}_{signature}_SIGNATURE",
        "pools": len(pools),
        "formats": _formats(manifest) if api == LEGACY else {},
        "names": _names(prefix, ours, theirs, *main),
        "data_names": _names(prefix, ours, theirs, *data),
    }
    return {
        ".h": render("xcube/network.h.j2", context),
        "_data.h": render("xcube/network_data.h.j2", context),
    }


def _formats(manifest: dict[str, Any]) -> dict[str, str]:
    """Macro → value of the ends' formats, which headers before 8.1 do not have."""
    values = {"int8": "AI_BUFFER_FORMAT_S8", "uint8": "AI_BUFFER_FORMAT_U8"}
    stem = f"AI_{manifest['name'].upper()}"
    return {
        f"{stem}_{side}_1_FORMAT": values[manifest[end]["stored"]]
        for side, end in (("IN", "input"), ("OUT", "output"))
    }


def _sum(hashes: dict[str, str]) -> str:
    text = "".join(f"{name}:{hashes[name]}\n" for name in sorted(hashes))
    return hashlib.sha256(text.encode()).hexdigest()


def _names(
    prefix: str, ours: str, theirs: str, macros: tuple[str, ...], functions: tuple[str, ...]
) -> dict[str, Any] | None:
    if ours == theirs or not macros:
        return None
    return {
        "prefix": prefix,
        "ours": ours,
        "theirs": theirs,
        "macros": macros,
        "functions": functions,
    }
