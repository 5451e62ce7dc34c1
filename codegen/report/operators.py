"""The page of supported operators, from the operators and kernels themselves."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from onnx import defs

from codegen.kernels.kernel import Kernel
from codegen.kernels.registry import kernels
from codegen.operator import Operator
from codegen.ops import operators
from codegen.reader.load import OPSETS
from codegen.render import render


@dataclass(frozen=True)
class KernelEntry:
    """A kernel of an operator: its name, which operations it fits, what it does."""

    name: str
    where: str
    how: str


@dataclass(frozen=True)
class OperatorEntry:
    """An operator as the template shows it.

    Attributes:
        names: (ONNX name, attributes), sorted.
    """

    title: str
    about: str
    limits: str
    names: tuple[tuple[str, tuple[str, ...]], ...]
    kernels: tuple[KernelEntry, ...]


def entries() -> list[OperatorEntry]:
    """All operators that are read, in the order of their stems."""
    return [_entry(operator) for operator in operators() if _onnx_names(operator)]


def support_page() -> str:
    """docs/operators.md."""
    return render("docs/operators.md.j2", {"operators": entries()})


def _entry(operator: Operator) -> OperatorEntry:
    return OperatorEntry(
        title=operator.stem.replace("_", " ").capitalize(),
        about=_first_line(operator),
        limits=operator.limits,
        names=tuple((name, _attributes(name)) for name in sorted(_onnx_names(operator))),
        kernels=tuple(_kernel_entry(kernel) for kernel in kernels().get(operator.op_type, ())),
    )


def _onnx_names(operator: Operator) -> tuple[str, ...]:
    """MatMul is read by one operator, and is two."""
    return (*operator.handlers, *operator.read_elsewhere)


def _attributes(name: str) -> tuple[str, ...]:
    """What ONNX's newest definition that is read knows."""
    if not defs.has(name, OPSETS.stop - 1):
        return ()
    return tuple(sorted(defs.get_schema(name, OPSETS.stop - 1).attributes))


def _kernel_entry(kernel: Kernel) -> KernelEntry:
    fits = type(kernel).fits
    everywhere = fits is Kernel.fits
    where = "any processor" if everywhere else _first_line(fits)
    return KernelEntry(kernel.name, where, _first_line(kernel))


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
