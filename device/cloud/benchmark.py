"""Run the network on a real board of ST's farm, and tell what it measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from device.cloud.generate import Order, core_version, upload
from device.cloud.runs import Patience, resumable, wait
from device.cloud.service import Service
from device.schema import close_match
from support.errors import UserError
from support.files import read_json


def benchmark(
    service: Service, order: Order, board: str, record: Path, patience: Patience
) -> dict[str, Any]:
    """Measure on a farm board; returns the measurement.

    Args:
        board: as the farm calls it, such as STM32H750B-DK.
        record: file that remembers the run while it is waited for.

    Raises:
        UserError: no such board, or the benchmark failed.
    """
    name = _farm_board(service, board)
    version = core_version(service, order.version)

    def start() -> str:
        upload(service, order.model, order.model_name)
        body = {**order.arguments(version), "version": version}
        if order.memory_pool:
            body["mpool"] = read_json(order.memory_pool)
        # The farm links its own runtime.
        for unneeded in ("includeLibraryForSerie", "includeLibraryForIde", "name"):
            body.pop(unneeded)
        url = f"{service.where.benchmark}/benchmark/{quote(name.lower(), safe='')}"
        answer = service.post(url, json=body)
        content = answer.json() if answer.status in (200, 400, 422) else {}
        run = content.get("benchmarkId") if isinstance(content, dict) else None
        if not run:
            said = str(content.get("errors") or "")[:300] if isinstance(content, dict) else ""
            raise UserError(
                f"the farm did not take the benchmark (status {answer.status}) {said}".strip(),
                "try the model on the cloud's web page",
            )
        return str(run)

    def wait_for(run: str) -> dict[str, Any] | None:
        url = f"{service.where.benchmark}/benchmark/{quote(run, safe='')}"
        return wait(service, url, f"benchmark on {name}", patience)

    answer = resumable(record, f"{order.key()} {name} {version}", start, wait_for)
    record.unlink(missing_ok=True)
    return _measured(answer, name, version)


def _farm_board(service: Service, wanted: str) -> str:
    """The farm's own spelling of a board.

    Raises:
        UserError: the farm has no such board; names the nearest.
    """
    boards = service.get(f"{service.where.benchmark}/boards").json()
    names = [str(name) for name in boards] if isinstance(boards, dict) else []
    for name in names:
        if name.lower() == wanted.lower():
            return name
    raise UserError(
        f"cloud_board={wanted}: not in ST's farm now",
        close_match(wanted, names) if names else "try again later",
    )


def _measured(answer: dict[str, Any], board: str, version: str) -> dict[str, Any]:
    """The few numbers out of a benchmark's answer; what is missing is None."""
    info: Any = (answer.get("benchmark") or {}).get("info") if isinstance(answer, dict) else None
    graphs = info.get("graphs") if isinstance(info, dict) else None
    time = graphs[0].get("exec_time") if graphs and isinstance(graphs[0], dict) else None
    sizes = info.get("memory_footprint") if isinstance(info, dict) else None
    time = time if isinstance(time, dict) else {}
    sizes = sizes if isinstance(sizes, dict) else {}
    if not time:
        raise UserError("the farm's answer has no measurement in it", "try again later")
    return {
        "board": board,
        "version": version,
        "cycles": time.get("cycles"),
        "milliseconds": time.get("duration_ms"),
        "cycles_per_macc": time.get("cycles_by_macc"),
        "weights": sizes.get("weights"),
        "activations": sizes.get("activations"),
        "runtime_flash": sizes.get("kernel_flash"),
        "runtime_ram": sizes.get("kernel_ram"),
    }


def as_text(measured: dict[str, Any]) -> str:
    """The measurement for people."""
    rows = [
        ("board", measured["board"], "a real one, in ST's farm"),
        ("ST Edge AI Core", measured["version"], ""),
        ("cycles", _number(measured["cycles"]), "per inference"),
        ("time", _number(measured["milliseconds"], " ms"), "per inference"),
        ("cycles per MACC", _number(measured["cycles_per_macc"]), ""),
        ("weights", _number(measured["weights"], " B"), ""),
        ("activations", _number(measured["activations"], " B"), ""),
        ("runtime flash", _number(measured["runtime_flash"], " B"), ""),
        ("runtime RAM", _number(measured["runtime_ram"], " B"), ""),
    ]
    return "".join(f"{title:<18}{value:<18}{note}".rstrip() + "\n" for title, value, note in rows)


def _number(value: Any, unit: str = "") -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-"
    return (f"{value:,}" if isinstance(value, int) else f"{value:,.3f}") + unit
