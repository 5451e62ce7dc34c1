"""A generated network as a library: sources, runtime, manifest, files for hosts' builds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegen import version
from codegen.outputs import LEGACY, outputs
from codegen.render import TEMPLATES, render
from support import removal
from support.build_files import read_build_file
from support.errors import UserError
from support.files import read_json, sha256_file, write_bytes
from support.places import ROOT

RUNTIME = ROOT / "firmware" / "runtime"
MANIFEST = "manifest.json"
FORMAT = 1
LICENCE = "Apache-2.0"
# File of the package → template; "{name}" is the network's.
RENDERED = {
    "CMakeLists.txt": "package/CMakeLists.txt.j2",
    "{name}Config.cmake": "package/Config.cmake.j2",
    "{name}ConfigVersion.cmake": "package/ConfigVersion.cmake.j2",
    "{name}.mk": "package/package.mk.j2",
    "library.json": "package/library.json.j2",
    "SConscript.platformio": "package/SConscript.platformio.j2",
    "zephyr/module.yml": "package/zephyr/module.yml.j2",
    "zephyr/CMakeLists.txt": "package/zephyr/CMakeLists.txt.j2",
    "zephyr/Kconfig": "package/zephyr/Kconfig.j2",
    "zephyr/sample/CMakeLists.txt": "package/zephyr/sample/CMakeLists.txt.j2",
    "zephyr/sample/prj.conf": "package/zephyr/sample/prj.conf.j2",
    "zephyr/sample/sample.yaml": "package/zephyr/sample/sample.yaml.j2",
    "SConscript": "package/SConscript.j2",
    "example/main.c": "package/example/main.c.j2",
    "README.md": "package/README.md.j2",
}
VERBATIM = ("nn2flash_library.cmake", "nn2flash_library.mk")
FOR_SCONS = "nn2flash_library.py"


def package_files(network: Path) -> dict[str, bytes]:
    """All files of the package of a generated network, by path in the package.

    Args:
        network: the manifest that `generate` wrote, beside the sources.

    Raises:
        UserError: not a network of this generator, or one of its files is missing.
    """
    manifest = read_build_file(network, "manifest")
    name = _own_name(network, manifest)
    names = outputs(name, manifest.get("c_api", LEGACY))
    files = {f"network/{file}": _read(network.parent / file) for file in names}
    runtime = [path for path in sorted(RUNTIME.rglob("*")) if path.suffix in (".c", ".h", ".S")]
    files |= {f"runtime/{path.relative_to(RUNTIME)}": _read(path) for path in runtime}
    files |= {file: _read(TEMPLATES / "package" / file) for file in VERBATIM}
    files[FOR_SCONS] = _read(ROOT / "site_scons" / FOR_SCONS)
    files["LICENSE"] = _read(ROOT / "LICENSE")
    context = {
        "name": name,
        "NAME": name.upper(),
        "version": version.TEXT,
        "manifest": manifest,
        "network_files": [file for file in names if file[-2:] in (".c", ".h", ".S")],
        "runtime_files": [str(path.relative_to(RUNTIME)) for path in runtime],
    }
    for file, template in RENDERED.items():
        files[file.format(name=name)] = render(template, context).encode()
    return files


def package_manifest(network: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """What is in a package: the network, its memory needs, the licence, each file's SHA-256."""
    return {
        "format": FORMAT,
        "name": network["name"],
        "generator": network["generator"],
        "licence": {"code": LICENCE, "constants": "the model's; nothing is claimed on them"},
        "memory": {
            "constants_bytes": network["weights_bytes"],
            "activations_bytes": network["activations_bytes"],
            "tables_bytes": network["tables_bytes"],
        },
        "network": network,
        "files": {file: hashlib.sha256(data).hexdigest() for file, data in sorted(files.items())},
    }


def write_package(network: Path, folder: Path) -> int:
    """Bring `folder` up to date as the package of a network.

    Files that are right already keep their time stamps; those of an older package that are no
    longer part of it are removed. The manifest is written last.

    Returns:
        How many files were written or removed.

    Raises:
        UserError: the folder holds something else, a file that was edited, or one of others where
            a new one belongs; nothing was written.
    """
    files = package_files(network)
    manifest = package_manifest(read_build_file(network, "manifest"), files)
    before = _packaged_before(folder, manifest["name"])
    files[MANIFEST] = (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode()
    for file, data in files.items():
        _check_place(folder, file, data, known=file == MANIFEST or file in before)
    for file, digest in before.items():
        path = removal.removable(folder, file, before)
        if (
            path
            and path.is_file()
            and sha256_file(path) not in (digest, manifest["files"].get(file))
        ):
            raise UserError(
                f"{path}: was edited since it was packaged",
                "keep your changes elsewhere and delete it, or choose another folder",
            )
    changed = len(removal.remove(folder, [file for file in before if file not in files], before))
    for file, data in files.items():
        path = folder / file
        if not path.is_file() or path.read_bytes() != data:
            write_bytes(path, data)
            changed += 1
    return changed


def _check_place(folder: Path, file: str, data: bytes, *, known: bool) -> None:
    """Refuse to write over what is not the package's.

    Args:
        known: the older package has this file.

    Raises:
        UserError: a link leads out of the folder, or something of others is there.
    """
    path = folder / file
    for parent in path.relative_to(folder).parents:
        if (folder / parent).is_symlink() and parent != Path():
            raise UserError(
                f"{folder / parent}: is a link, and what it leads to is not the package's",
                "put a folder there, or choose another one for the package",
            )
    link = path.is_symlink()
    ours = not link and path.is_file() and (known or path.read_bytes() == data)
    if (link or path.exists()) and not ours:
        raise UserError(
            f"{path}: is not of the package, and is not overwritten",
            "move it away, or choose another folder",
        )


def _own_name(path: Path, manifest: Any) -> str:
    """The network's name; only code of this generator may be passed on."""
    vendor = manifest.get("runtime", {}).get("vendor", "nn2flash")
    name = str(manifest["name"])
    if vendor != "nn2flash":
        raise UserError(
            f"{path}: the network '{name}' has {vendor}'s runtime, whose licence is not ours to"
            " pass on",
            "package the built-in network, ai=builtin",
        )
    return name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", "generate the network again") from None


def _packaged_before(folder: Path, name: str) -> dict[str, str]:
    """File → SHA-256 of the package that `folder` holds; {} when it is empty or not there."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is not a folder", "choose another")
    if not folder.is_dir() or not any(folder.iterdir()):
        return {}
    manifest = read_json(folder / MANIFEST) if (folder / MANIFEST).is_file() else {}
    there = manifest.get("name") if isinstance(manifest, dict) and "format" in manifest else None
    if there != name:
        holds = f"the package of '{there}'" if there else "other files"
        raise UserError(
            f"{folder}: holds {holds}", "choose another folder for this package, or empty it"
        )
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise UserError(f"{folder / MANIFEST}: does not list its files", "choose another folder")
    return {str(file): str(digest) for file, digest in files.items()}
