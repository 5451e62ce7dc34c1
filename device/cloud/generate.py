"""Generate C code with runtime library and headers in the cloud, and download it."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from device.cloud import cache
from device.cloud.runs import Patience, resumable, run_file, wait
from device.cloud.service import Service
from device.schema import close_match
from support.errors import UserError
from support.files import read_json, sha256_file, write_json
from support.progress import rewrite_line

_DOWNLOADS = 3
LEGACY = "legacy"
# Major numbers of X-CUBE-AI whose command line has no --c-api.
_WITHOUT_INTERFACES = range(5, 9)
# What a zip may say it unpacks to before it is looked into.
_LARGEST_UNPACKED = 2 << 30


@dataclass(frozen=True)
class Order:
    """What to generate.

    Attributes:
        model: the quantized ONNX file.
        name: C name of the network.
        c_api: "legacy" or "st-ai".
        memory_pool: ST's memory-pool JSON, or None.
        version: of ST Edge AI Core or X-CUBE-AI, "" for the cloud's latest.
        options: further words for the tool's command line.
    """

    model: Path
    name: str
    c_api: str
    memory_pool: Path | None
    version: str
    options: str

    @property
    def model_name(self) -> str:
        """The model's name in the cloud: by its content, so that no other file has it."""
        return f"nn2flash-{sha256_file(self.model)[:16]}.onnx"

    def arguments(self, version: str) -> dict[str, Any]:
        """The tool's parameters, as the service names them.

        Args:
            version: of the tool, as the service calls it.

        Raises:
            UserError: a version that has not the interface.
        """
        chosen = f"--c-api {self.c_api}"
        if not _has_interfaces(version):
            if self.c_api != LEGACY:
                raise UserError(
                    f"version {version} of ST's tool has no interface {self.c_api}",
                    f"add c_api={LEGACY}, or take a newer one with cloud_version=",
                )
            chosen = ""
        words = f"{chosen} {self.options}".strip()
        return {
            "model": self.model_name,
            "name": self.name,
            "target": "stm32h7",
            "inputDataType": "int8",
            "outputDataType": "int8",
            "includeLibraryForSerie": "STM32H7",
            "includeLibraryForIde": "gcc",
            "extraCommandLineArguments": words,
        }

    def key(self) -> str:
        """Identifies what this order makes."""
        pools = sha256_file(self.memory_pool) if self.memory_pool else ""
        asked = self.arguments("")
        return cache.key_of([sha256_file(self.model), asked, pools, self.version])


def generate(
    connect: Callable[[], Service], order: Order, out: Path, patience: Patience
) -> dict[str, Any]:
    """Write the generated code's zip to `out`; returns the record that lies beside it.

    A finished download comes from the cache, and nothing is connected.

    Raises:
        UserError: no account, no network, an error in the cloud, or a download that is no zip.
    """
    key = order.key()
    record = cache.fetch(key, out)
    if record is None:
        service = connect()
        version = core_version(service, order.version)
        run = run_file(out)
        name = _generated(service, order, version, record=run, patience=patience)
        run.unlink(missing_ok=True)
        _download(service, name, out)
        record = {
            "sha256": sha256_file(out),
            "bytes": out.stat().st_size,
            "version": version,
            "model_sha256": sha256_file(order.model),
            "arguments": order.arguments(version),
            "c_api": order.c_api,
            "host": urlsplit(service.where.base).hostname,
        }
        cache.keep(key, out, record)
    write_json(out.with_suffix(".json"), record)
    return record


def is_record(path: Path) -> bool:
    """Whether a file is the record of a download."""
    try:
        content = read_json(path)
    except UserError:
        return False
    return isinstance(content, dict) and content.keys() >= {"sha256", "model_sha256", "c_api"}


def _has_interfaces(version: str) -> bool:
    """Whether a version of the tool has a choice of interfaces; those before X-CUBE-AI 9 have not.

    Its own numbers are 5 to 8 there, and from 9 on go with ST Edge AI Core's 1 and so on.
    """
    major = version.partition(".")[0]
    return not (major.isdecimal() and int(major) in _WITHOUT_INTERFACES)


def core_version(service: Service, wanted: str) -> str:
    """The version to use, as the service calls it: the wanted one, or the latest.

    Args:
        wanted: a number of ST Edge AI Core or of X-CUBE-AI; the service's list has both.

    Raises:
        UserError: not offered, or the list cannot be read.
    """
    listed = service.web.get(service.where.versions).json()
    entries = [e for e in listed if isinstance(e, dict)] if isinstance(listed, list) else []
    offered = [str(e["version"]) for e in entries if e.get("version")]
    if wanted:
        known = {name: str(e["version"]) for e in entries if e.get("version") for name in _names(e)}
        if wanted not in known:
            raise UserError(f"cloud_version={wanted}: not offered", close_match(wanted, [*known]))
        return known[wanted]
    latest = [str(e["version"]) for e in entries if e.get("isLatest") and e.get("version")]
    if not (latest or offered):
        raise UserError("ST's cloud offers no version of its tool", "try again later")
    return (latest or offered)[0]


def _names(entry: dict[str, Any]) -> list[str]:
    """The numbers that an entry of the list of versions goes by."""
    platform = entry.get("platform")
    stm32 = platform.get("stm32") if isinstance(platform, dict) else None
    return [str(name) for name in (stm32, entry["version"]) if name]


def upload(service: Service, model: Path, name: str) -> None:
    """Put the model into the account's library, unless it is there.

    Raises:
        UserError: the cloud does not take it.
    """
    where = f"{service.where.files}/models"
    listed = service.get(where).json()
    if isinstance(listed, list) and any(
        isinstance(m, dict) and m.get("name") == name for m in listed
    ):
        return
    with model.open("rb") as stream:
        answer = service.post(where, files={"file": (name, stream, "application/octet-stream")})
    content = answer.json() if answer.status == 200 else {}
    if not (isinstance(content, dict) and content.get("upload")):
        raise UserError(f"ST's cloud did not take the model (status {answer.status})", "try again")


def _generated(
    service: Service, order: Order, version: str, *, record: Path, patience: Patience
) -> str:
    """Run the tool in the cloud; returns the file name of what it made."""

    def start() -> str:
        upload(service, order.model, order.model_name)
        files: dict[str, Any] = {"args": (None, json.dumps(order.arguments(version)))}
        if order.memory_pool:
            files["mpool"] = ("mempools.json", order.memory_pool.read_bytes())
        answer = service.post(f"{service.where.core(version)}/generate", files=files)
        content = answer.json() if answer.status == 200 else {}
        run = content.get("runtimeId") if isinstance(content, dict) else None
        if not run:
            said = str(content.get("error") or "")[:300] if isinstance(content, dict) else ""
            raise UserError(
                f"ST's cloud did not start to generate (status {answer.status}) {said}".strip(),
                "try the model on the cloud's web page",
            )
        return str(run)

    def wait_for(run: str) -> dict[str, Any] | None:
        url = f"{service.where.core(version)}/run/{quote(run, safe='')}"
        return wait(service, url, "generate", patience)

    result = resumable(record, order.key(), start, wait_for).get("result")
    url = result.get("url") if isinstance(result, dict) else None
    name = PurePosixPath(urlsplit(str(url or "")).path).name
    if not name:
        raise UserError("ST's cloud generated nothing to download", "try the web page")
    return name


def _download(service: Service, name: str, out: Path) -> None:
    """Download the zip; a cut-off one is asked for again.

    Raises:
        UserError: still not a whole zip.
    """
    url = f"{service.where.files}/generated/{quote(name, safe='')}"
    reason = ""
    for _ in range(_DOWNLOADS):
        try:
            service.download(url, out, _Bytes(out.name))
            if _is_whole(out):
                return
            reason = "it is not a whole zip file"
        except UserError as error:
            reason = error.message
        out.unlink(missing_ok=True)
    raise UserError(f"the generated code could not be downloaded: {reason}", "try again later")


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [member.file_size for member in archive.infolist()]
            return 0 < sum(sizes) < _LARGEST_UNPACKED and archive.testzip() is None
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        return False


class _Bytes:
    """Progress of a download: a live line on a terminal, one at the end elsewhere."""

    def __init__(self, title: str) -> None:
        self.title, self.live = title, sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        share = f" of {total:,}" if total else ""
        finished = bool(total) and done >= total
        if self.live:
            rewrite_line(sys.stderr, f"{self.title}: {done:,}{share} bytes", last=finished)
        elif finished:
            print(f"{self.title}: {done:,} bytes", file=sys.stderr)
