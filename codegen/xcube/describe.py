"""What a generated network says of itself in its C: sizes, formats, quantization, memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codegen.xcube import csubset
from codegen.xcube.discover import LEGACY, Found
from codegen.xcube.ports import Port, ports
from codegen.xcube.sources import Sources
from codegen.xcube.versions import Version
from support.errors import UserError

# ST's generator aligns weights and activations to at most this.
ALIGNMENT = 32
_ARRAY = re.compile(
    r"\bconst\s+(?:ai_)?u(?:int)?(8|16|32|64)(?:_t)?\s+\w+\s*\[\s*(\d+)\s*\][^;={]*=",
)


@dataclass(frozen=True)
class Description:
    """A network as its sources describe it.

    Attributes:
        signature: ST's signature of the model file, or "".
        origin: the model's name before it became C.
        tools: number of the generating tool, as the sources carry it.
        weights: bytes of every weights array.
        activations: bytes of every activation pool.
        addresses: addresses of pools that the sources fix, in the order of the pools.
        macc: multiply-accumulates, when the sources tell.
    """

    name: str
    api: str
    origin: str
    signature: str
    tools: Version
    input: Port
    output: Port
    weights: tuple[int, ...]
    activations: tuple[int, ...]
    addresses: tuple[int, ...]
    macc: int | None


def describe(found: Found) -> Description:
    """Read a network's sources.

    Raises:
        UserError: more than one input or output, float data, too old, or nothing to read it from.
    """
    text = Sources(found)
    prefix = f"{'AI' if found.api == LEGACY else 'STAI'}_{found.name.upper()}"
    tools = _tools_version(text, found)
    found_input, found_output = ports(text, prefix, found.api)
    pools = _pools(text, prefix, found.api)
    return Description(
        name=found.name,
        api=found.api,
        origin=text.text(f"{prefix}_ORIGIN_MODEL_NAME"),
        signature=_signature(text, prefix),
        tools=tools,
        input=found_input,
        output=found_output,
        weights=_weights(text),
        activations=pools,
        addresses=_addresses(text) if found.api == LEGACY else (),
        macc=_macc(text, prefix),
    )


def _tools_version(text: Sources, found: Found) -> Version:
    if found.api == LEGACY:
        return Version(
            *(text.integer(f"AI_TOOLS_VERSION_{p}") for p in ("MAJOR", "MINOR", "MICRO"))
        )
    match = re.search(
        r"\.tool_version\s*=\s*STAI_INIT_VERSION\s*\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)",
        text.texts[".c"],
    )
    if match:
        return Version(*map(int, match.groups()))
    raise UserError(
        f"{found.files['.c'].name}: does not tell the version of the tool that made it",
        "generate the network again with ST Edge AI Core 1.0 or newer",
    )


def _signature(text: Sources, prefix: str) -> str:
    for macro in (f"{prefix}_ORIGIN_MODEL_SIGNATURE", f"{prefix}_MODEL_SIGNATURE"):
        if found := text.text(macro):
            return found
    return ""


def _pools(text: Sources, prefix: str, api: str) -> tuple[int, ...]:
    stem = f"{prefix}_DATA" if api == LEGACY else prefix
    count = text.integer(f"{stem}_ACTIVATIONS_{'COUNT' if api == LEGACY else 'NUM'}")
    size = "SIZE" if api == LEGACY else "SIZE_BYTES"
    return tuple(text.integer(f"{stem}_ACTIVATION_{i + 1}_{size}") for i in range(count))


def _weights(text: Sources) -> tuple[int, ...]:
    sizes = []
    for suffix in ("_data_params.c", "_data.c"):
        for bits, count in _ARRAY.findall(text.texts.get(suffix, "")):
            sizes.append(int(bits) // 8 * int(count))
    if not sizes:
        raise UserError(
            f"{text.name}_data.c: holds no weights",
            "generate without --binary, --relocatable and --address: the weights must be C arrays",
        )
    return tuple(sizes)


def _addresses(text: Sources) -> tuple[int, ...]:
    """Addresses in the activations table, between its two markers."""
    name = text.name
    for suffix in ("_data_params.c", "_data.c"):
        table = re.search(
            rf"\bg_{name}_activations_table\s*\[[^\]]*\]\s*=\s*\{{(.*?)\}}",
            text.texts.get(suffix, ""),
            re.DOTALL,
        )
        if table:
            entries = [args[0] for args in csubset.calls(table[1], "AI_HANDLE_PTR") if args]
            found = [csubset.integer(entry, text.macros) for entry in entries]
            return tuple(address for address in found if address)
    return ()


def _macc(text: Sources, prefix: str) -> int | None:
    if (found := text.maybe(f"{prefix}_MACC_NUM")) is not None:
        return found
    match = re.search(r"\.n_macc\s*=\s*(\d+)", text.texts[".c"])
    return int(match[1]) if match else None
