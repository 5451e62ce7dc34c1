"""What a generated network says of itself in its C: sizes, formats, quantization, memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from codegen.xcube import csubset
from codegen.xcube.discover import LEGACY, Found
from codegen.xcube.versions import Version
from support.errors import UserError

# ST's generator aligns weights and activations to at most this.
ALIGNMENT = 32
_ARRAY = re.compile(
    r"\bconst\s+(?:ai_)?u(?:int)?(8|16|32|64)(?:_t)?\s+\w+\s*\[\s*(\d+)\s*\][^;={]*=",
)


@dataclass(frozen=True)
class Port:
    """One end of the network.

    Attributes:
        shape: with the batch dimension.
        type: "int8" or "uint8".
        scale, zero_point: None when the sources have no quantization table for it; the zero
            point is that of the stored type.
    """

    shape: tuple[int, ...]
    size: int
    type: str
    scale: float | None
    zero_point: int | None


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


class _Text:
    """The sources of a network, plain, with their macros."""

    def __init__(self, found: Found) -> None:
        self.name = found.name
        self.texts = {s: csubset.plain(_read(path)) for s, path in found.files.items()}
        self.macros: dict[str, str] = {}
        # The main source first: it defines some names again for itself.
        for suffix in (".c", *(s for s in self.texts if s != ".c")):
            self.macros |= csubset.macros(self.texts[suffix])

    def integer(self, macro: str) -> int:
        """A macro's value.

        Raises:
            UserError: missing, or more than arithmetic.
        """
        value = csubset.integer(macro, self.macros)
        if value is None:
            raise UserError(
                f"the bundle's sources do not tell {macro}",
                "generate the network again with a supported version (7.1 to 12.x)",
            )
        return value

    def maybe(self, macro: str) -> int | None:
        """A macro's value, when there is one."""
        return csubset.integer(macro, self.macros) if macro in self.macros else None

    def text(self, macro: str) -> str:
        """A macro's string or bare body, "" when there is none."""
        body = self.macros.get(macro, "")
        found = csubset.string(body)
        return body.strip("() ") if found is None else found


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def describe(found: Found) -> Description:
    """Read a network's sources.

    Raises:
        UserError: more than one input or output, float data, too old, or nothing to read it from.
    """
    text = _Text(found)
    prefix = f"{'AI' if found.api == LEGACY else 'STAI'}_{found.name.upper()}"
    tools = _tools_version(text, found)
    for side, what in (("IN", "inputs"), ("OUT", "outputs")):
        if (count := text.integer(f"{prefix}_{side}_NUM")) != 1:
            raise UserError(
                f"the bundle's network has {count} {what}",
                "main.c feeds one input, reads one output",
            )
    tables = _legacy_tables(text) if found.api == LEGACY else _st_ai_tables(text, prefix)
    ports = [
        _port(text, prefix, side, table) for side, table in zip(("IN", "OUT"), tables, strict=True)
    ]
    pools = _pools(text, prefix, found.api)
    return Description(
        name=found.name,
        api=found.api,
        origin=text.text(f"{prefix}_ORIGIN_MODEL_NAME"),
        signature=_signature(text, prefix),
        tools=tools,
        input=ports[0],
        output=ports[1],
        weights=_weights(text),
        activations=pools,
        addresses=_addresses(text) if found.api == LEGACY else (),
        macc=_macc(text, prefix),
    )


def _tools_version(text: _Text, found: Found) -> Version:
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


def _signature(text: _Text, prefix: str) -> str:
    for macro in (f"{prefix}_ORIGIN_MODEL_SIGNATURE", f"{prefix}_MODEL_SIGNATURE"):
        if found := text.text(macro):
            return found
    return ""


def _port(text: _Text, prefix: str, side: str, table: tuple[float, int] | None) -> Port:
    which = {"IN": "input", "OUT": "output"}[side]
    stem = f"{prefix}_{side}_1"
    kind = re.search(r"FORMAT_(\w+)", text.macros.get(f"{stem}_FORMAT", ""))
    types = {"S8": "int8", "U8": "uint8"}
    if not kind or kind[1] not in types:
        what = {"FLOAT": "float", "FLOAT32": "float"}.get(kind[1], kind[1]) if kind else "unknown"
        raise UserError(
            f"the bundle's {which} is {what}; int8 is needed",
            "quantize the model first (the cloud's Quantization page, or this project's"
            " mnist_model_int8.onnx) and generate with --input-data-type int8"
            " --output-data-type int8",
        )
    axes = [text.maybe(f"{stem}_{axis}") for axis in ("HEIGHT", "WIDTH", "CHANNEL")]
    size = text.integer(f"{stem}_SIZE")
    shape = (1, *(axis for axis in axes if axis is not None))
    count = 1
    for axis in shape:
        count *= axis
    if count != size:
        shape = (1, size)
    scale, zero_point = table if table else (None, None)
    return Port(shape, size, types[kind[1]], scale, zero_point)


def _legacy_tables(text: _Text) -> list[tuple[float, int] | None]:
    """(scale, zero point) of input and output: network → tensor → its quantization list."""
    source = text.texts[".c"]
    tensors = {args[0]: args for args in csubset.calls(source, "AI_TENSOR_OBJ_DECLARE") if args}
    lists = {
        args[0]: args for args in csubset.calls(source, "AI_INTQ_INFO_LIST_OBJ_DECLARE") if args
    }
    ends: list[tuple[float, int] | None] = []
    for side in ("IN", "OUT"):
        found = None
        count = f"AI_{text.name.upper()}_{side}_NUM"
        for args in csubset.calls(source, "AI_TENSOR_LIST_IO_OBJ_INIT"):
            if len(args) == 3 and args[1] == count:
                tensor = tensors.get(args[2].lstrip("& "), [])
                table = lists.get(tensor[-1].lstrip("& "), []) if tensor else []
                found = _intq(table)
        ends.append(found)
    return ends


def _intq(arguments: list[str]) -> tuple[float, int] | None:
    """Scale and zero point of a list of one entry."""
    body = ", ".join(arguments)
    scales = next(csubset.calls(body, "AI_PACK_INTQ_SCALE"), [])
    zero_points = next(csubset.calls(body, "AI_PACK_INTQ_ZP"), [])
    if len(scales) != 1 or len(zero_points) != 1:
        return None
    scale, zero_point = csubset.real(scales[0]), csubset.integer(zero_points[0], {})
    return None if not scale or zero_point is None else (scale, zero_point)


def _st_ai_tables(text: _Text, prefix: str) -> list[tuple[float, int] | None]:
    ends: list[tuple[float, int] | None] = []
    for side in ("IN", "OUT"):
        scale = csubset.real(text.macros.get(f"{prefix}_{side}_1_SCALE", ""))
        zero_point = text.maybe(f"{prefix}_{side}_1_ZERO_POINT")
        ends.append((scale, zero_point) if scale and zero_point is not None else None)
    return ends


def _pools(text: _Text, prefix: str, api: str) -> tuple[int, ...]:
    stem = f"{prefix}_DATA" if api == LEGACY else prefix
    count = text.integer(f"{stem}_ACTIVATIONS_{'COUNT' if api == LEGACY else 'NUM'}")
    size = "SIZE" if api == LEGACY else "SIZE_BYTES"
    return tuple(text.integer(f"{stem}_ACTIVATION_{i + 1}_{size}") for i in range(count))


def _weights(text: _Text) -> tuple[int, ...]:
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


def _addresses(text: _Text) -> tuple[int, ...]:
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


def _macc(text: _Text, prefix: str) -> int | None:
    if (found := text.maybe(f"{prefix}_MACC_NUM")) is not None:
        return found
    match = re.search(r"\.n_macc\s*=\s*(\d+)", text.texts[".c"])
    return int(match[1]) if match else None
