"""Headers under fixed names in front of the imported ones.

Whoever includes `network.h` gets the bundle's header, whatever the bundle calls its network, and
without warnings of ST's. The headers carry a checksum of everything imported, so that they change
when anything behind them does: a build needs to watch nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from codegen.render import render
from codegen.xcube.discover import LEGACY

# The public names of the client interface (X-CUBE-AI documentation, "Embedded inference client
# API"; ST Edge AI Core documentation, "ST Edge AI client API"), without prefix and network name.
_LEGACY_MACROS = (
    *("MODEL_NAME", "ORIGIN_MODEL_NAME", "N_NODES", "IN_NUM", "OUT_NUM", "IN", "OUT"),
    *("ACTIVATIONS_ALIGNMENT", "INPUTS_IN_ACTIVATIONS", "OUTPUTS_IN_ACTIVATIONS"),
    *("IN_SIZE", "OUT_SIZE", "IN_SIZE_BYTES", "OUT_SIZE_BYTES", "IN_1_FORMAT", "OUT_1_FORMAT"),
    *("IN_1_SIZE", "OUT_1_SIZE", "IN_1_SIZE_BYTES", "OUT_1_SIZE_BYTES"),
    *("IN_1_HEIGHT", "IN_1_WIDTH", "IN_1_CHANNEL", "OUT_1_CHANNEL"),
)
_LEGACY_FUNCTIONS = (
    *("create", "create_and_init", "init", "destroy", "run", "forward", "get_error"),
    *("get_report", "get_info", "inputs_get", "outputs_get"),
)
_LEGACY_DATA_MACROS = (
    *("DATA_CONFIG", "DATA_ACTIVATIONS", "DATA_WEIGHTS", "DATA_ACTIVATIONS_SIZE"),
    *("DATA_ACTIVATIONS_SIZES", "DATA_ACTIVATIONS_COUNT", "DATA_WEIGHTS_SIZE"),
    *("DATA_WEIGHTS_SIZES", "DATA_WEIGHTS_COUNT"),
)
_LEGACY_DATA_FUNCTIONS = (
    *("data_params_get", "data_weights_get"),
    *("data_activations_buffer_get", "data_weights_buffer_get"),
)
_ST_AI_MACROS = (
    *("MODEL_NAME", "ORIGIN_MODEL_NAME", "CONTEXT_SIZE", "CONTEXT_ALIGNMENT", "FLAGS"),
    *("NODES_NUM", "MACC_NUM", "IN_NUM", "OUT_NUM", "IN_1_FORMAT", "OUT_1_FORMAT"),
    *("IN_1_SIZE", "OUT_1_SIZE", "IN_1_SIZE_BYTES", "OUT_1_SIZE_BYTES", "IN_1_ALIGNMENT"),
    *("OUT_1_ALIGNMENT", "IN_1_SCALE", "IN_1_ZERO_POINT", "OUT_1_SCALE", "OUT_1_ZERO_POINT"),
    *("IN_1_FLAGS", "OUT_1_FLAGS", "ACTIVATIONS_NUM", "ACTIVATIONS_SIZE_BYTES"),
    *("IN_SIZES", "OUT_SIZES", "IN_SIZES_BYTES", "OUT_SIZES_BYTES"),
    *(
        "ACTIVATIONS_SIZES",
        "ACTIVATIONS_ALIGNMENTS",
        "ACTIVATION_1_ALIGNMENT",
        "WEIGHTS_NUM",
        "WEIGHTS_SIZE_BYTES",
    ),
)
_ST_AI_FUNCTIONS = (
    *("init", "deinit", "run", "get_info", "get_error", "get_context_size", "set_callback"),
    *("get_activations", "get_weights", "get_inputs", "get_outputs", "get_states"),
    *("set_activations", "set_weights", "set_inputs", "set_outputs", "set_states"),
)


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
        main = (_LEGACY_MACROS, _LEGACY_FUNCTIONS)
        sizes = tuple(f"DATA_ACTIVATION_{pool}_SIZE" for pool in pools)
        data = ((*_LEGACY_DATA_MACROS, *sizes), _LEGACY_DATA_FUNCTIONS)
    else:
        sizes = tuple(f"ACTIVATION_{pool}_SIZE_BYTES" for pool in pools)
        main = ((*_ST_AI_MACROS, *sizes), _ST_AI_FUNCTIONS)
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
