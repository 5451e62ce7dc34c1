"""Hold a node against ONNX's own definition of its operator: what is unknown is not passed over."""

from __future__ import annotations

import onnx
from onnx import defs

from codegen.reader.context import Context
from codegen.reader.qoperator import CONTRIBUTED
from codegen.reader.refused import NAMES
from codegen.reader.text import shown

# Of nodes that readers of other formats make, which ONNX has no operator for.
OWN_DOMAIN = "nn2flash"
# onnxruntime's quantizer writes these two operators into its own domain when asked to, and most of
# QOperator format; they follow ONNX's newest definition that this reader knows.
_OTHER_DOMAINS = {
    "com.microsoft": {"QuantizeLinear", "DequantizeLinear", *CONTRIBUTED},
    OWN_DOMAIN: {"Table"},
}
_NEWEST = 21


def check_node(context: Context, node: onnx.NodeProto, opset: int) -> None:
    """Refuse a node of an unknown domain, or one that its operator's definition does not allow.

    Source: the operator schemas of the onnx package. Operators that ONNX does not define pass:
    they are refused by name later.

    Raises:
        UserError: wrong numbers of inputs or outputs, attributes that the operator does not have
            in this opset, or that have another type.
    """
    if node.op_type in NAMES:
        return  # refused by name, if anything needs it
    remedy = "export the model again with opset 17"
    if node.domain not in ("", "ai.onnx"):
        if node.op_type not in _OTHER_DOMAINS.get(node.domain, ()):
            raise context.fail(
                node,
                f"domain '{shown(node.domain)}' is unknown",
                "export with ONNX's own operators",
            )
        opset = _NEWEST
    if not defs.has(node.op_type, opset):
        return
    schema = defs.get_schema(node.op_type, opset)
    for what, names, least, most in (
        ("inputs", node.input, schema.min_input, schema.max_input),
        ("outputs", node.output, schema.min_output, schema.max_output),
    ):
        if not least <= len(names) <= most:
            allowed = str(least) if least == most else f"{least} to {most}"
            raise context.fail(node, f"has {len(names)} {what}, not {allowed}", remedy)
    seen = set()
    for entry in node.attribute:
        known = schema.attributes.get(entry.name)
        if known is None or entry.name in seen:
            raise context.fail(
                node, f"has the unknown attribute '{shown(entry.name)}' in opset {opset}", remedy
            )
        if entry.type != known.type.value:
            raise context.fail(node, f"attribute '{shown(entry.name)}' has a wrong type", remedy)
        seen.add(entry.name)
