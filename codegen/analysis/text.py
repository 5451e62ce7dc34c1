"""An analysis as text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.analysis.analysis import Analysis
from codegen.analysis.unsupported import Group
from codegen.reader.survey import UnsupportedNodes
from codegen.report.timeline import timeline

# Columns of a table row that are numbers, and node names that are shown of a group.
_NUMBERS = (2, 3, 4)
_SHOWN = 3


def as_text(found: Analysis) -> str:
    """Everything, most important first."""
    head = f"{found.model} on {_where(found)}"
    share = {name: f"{count} {name.replace('_', ' ')}" for name, count in found.operators.items()}
    lines = [
        head,
        f"  operators     {', '.join(share.values())}; all supported",
        f"  MACs          {found.macs:,}",
        f"  instructions  {found.instructions:,} an inference, estimated; by core: {_cores(found)}",
        f"  flash         {found.flash_bytes:,} bytes: {found.weights_bytes:,} constants"
        f" ({found.model_bytes:,} of them the model's), about {found.code_bytes:,} code",
        f"  RAM           {found.ram_bytes:,} bytes: {found.activations_bytes:,} activations with"
        f" inputs and outputs,{_tables(found)} about {found.state_bytes:,} state",
        *_peak(found),
        *_trade(found),
        *_more_tables(found),
        *_code(found),
        *(f"  note          {note}" for note in found.notes),
        *_placement(found),
        "",
        *_layers(found),
    ]
    return "\n".join(lines) + "\n"


def unsupported_text(error: UnsupportedNodes, groups: Sequence[Group]) -> str:
    """What cannot be read, a paragraph for each reason."""
    lines = [error.message]
    for group in groups:
        count = len(group.nodes)
        shown = ", ".join(f"'{name}'" for name in group.nodes[:_SHOWN])
        more = f" and {count - _SHOWN:,} more" if count > _SHOWN else ""
        lines += [
            f"  {group.operator}, {count:,} node{'' if count == 1 else 's'}: {group.reason}",
            f"    {shown}{more}",
            f"    remedy: {group.remedy}",
        ]
    if error.behind:
        lines.append(f"  {error.behind:,} nodes behind these could not be judged")
    return "\n".join(lines) + "\n"


def _where(found: Analysis) -> str:
    fpu = "with FPU" if found.target.fpu else "without FPU"
    core = f"{found.target.core} {fpu}"
    return f"{found.board['title']} ({core})" if found.board else core


def _cores(found: Analysis) -> str:
    """Instructions on each core, those together that take the same."""
    by_count: dict[int, list[str]] = {}
    for each in found.cores:
        name = each.core if each.fpu else f"{each.core} without FPU"
        by_count.setdefault(each.instructions, []).append(name)
    return "; ".join(f"{', '.join(names)} {count:,}" for count, names in by_count.items())


def _peak(found: Analysis) -> list[str]:
    when = f"at '{found.peak.layer}'" if found.peak.layer else "between layers"
    lines = [f"                most, {found.peak.bytes:,}, {when}:"]
    for tensor in found.peak.tensors:
        over = ", over another where that is safe" if tensor.shares else ""
        lines.append(f"                {tensor.bytes:>10,}  {tensor.name}{over}")
    return lines


def _trade(found: Analysis) -> list[str]:
    """What the largest array that buys something would, and what the smallest would cost."""
    drawn = timeline(found.manifest)
    offers = [] if drawn is None else [each for each in drawn.offers if not each.now]
    words = []
    if offers and offers[-1].more > 0:
        words.append(f"{offers[-1].bytes:,} would take {offers[-1].faster:.1f} % fewer cycles")
    if offers and offers[0].more < 0:
        words.append(f"{offers[0].bytes:,} {-offers[0].faster:.1f} % more")
    return [f"                {', '.join(words)}, estimated"] if words else []


def _tables(found: Analysis) -> str:
    return f" {found.tables_bytes:,} tables," if found.tables_bytes else ""


def _more_tables(found: Analysis) -> list[str]:
    """What tables of expanded weights would buy."""
    if not found.more_tables:
        return []
    return [f"  table memory  {found.tables_bytes:,} bytes taken{_fewer(found.more_tables)}"]


def _code(found: Analysis) -> list[str]:
    """What convolutions have of code of their own, and what more would buy."""
    if not found.own_code_bytes and not found.more_code:
        return []
    return [
        f"  code memory   at most {found.own_code_bytes:,} bytes generated for convolutions"
        f"{_fewer(found.more_code)}"
    ]


def _fewer(offers: Sequence[tuple[int, float]]) -> str:
    words = [f"{size:,} {percent:.1f} %" for size, percent in offers]
    return f"; fewer cycles, estimated, with {', '.join(words)}" if words else ""


def _placement(found: Analysis) -> list[str]:
    if found.placement is None:
        return []
    if not found.placement.fits:
        return [
            f"  does not fit  {found.placement.why}",
            f"                {found.placement.remedy}",
        ]
    lines = [
        "  fits          as firmware of scons; what is reserved is not the network's own size:"
    ]
    for name, row in found.placement.objects.items():
        if row["bytes"]:
            stored = f", stored in {row['load']}" if row["load"] else ""
            about = found.placement.about(name)
            where = f"{name} in {row['run']}{stored}{about and f': {about}'}"
            lines.append(f"                {row['bytes']:>10,}  {where}")
    return lines


def _layers(found: Analysis) -> list[str]:
    rows = [("layer", "kernel", "MACs", "constants", "instructions", "why")]
    rows += [
        (
            layer.name,
            f"{layer.op.replace('_', ' ')}: {layer.kernel}",
            f"{layer.macs:,}",
            f"{layer.constants_bytes:,}",
            f"{layer.instructions:,}",
            layer.why,
        )
        for layer in found.layers
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
