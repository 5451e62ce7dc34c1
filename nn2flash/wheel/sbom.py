"""The software bill of materials of the wheel: CycloneDX 1.6, the same bytes each time.

The wheel holds this project alone; what it asks pip for is listed with the version that is tried
(requirements/locked/core.txt) and its licence. Where it lies in the wheel: PEP 770.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "nn2flash.cdx.json"
# SPDX expressions, as the releases' own metadata has them; tests/program/test_sbom.py compares.
LICENCES = {
    "clang-format": "Apache-2.0",
    "flatbuffers": "Apache-2.0",
    "jinja2": "BSD-3-Clause",
    "markupsafe": "BSD-3-Clause",
    "ml-dtypes": "Apache-2.0",
    "numpy": "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
    "onnx": "Apache-2.0",
    "protobuf": "BSD-3-Clause",
    "tflite": "Apache-2.0",
    "typing-extensions": "PSF-2.0",
}
_LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
_ASKED = re.compile(r"^ +#(?: via)? +((?!via$)[a-z\d][\w.-]*)$", re.MULTILINE)


def document(project: Mapping[str, Any], locked: Path) -> str:
    """The bill as JSON.

    Args:
        project: the table [project], with `version`.
        locked: the pins with who asked for them.

    Raises:
        ValueError: a distribution whose licence is not known here.
    """
    reference = f"pkg:pypi/{project['name']}@{project['version']}"
    versions, asked = _read(locked)
    direct = {re.split(r"[~=<>! ]", text)[0].lower() for text in project["dependencies"]}
    needed = _closed(direct, asked)
    if unknown := sorted(needed - LICENCES.keys()):
        raise ValueError(f"licence of {', '.join(unknown)} is not known: add it to LICENCES")
    urls = {name: f"pkg:pypi/{name}@{versions[name]}" for name in sorted(needed)}
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                **_component(project["name"], project["version"], project["license"]),
                "type": "application",
                "bom-ref": reference,
                "purl": reference,
            }
        },
        "components": [
            {
                **_component(name, versions[name], LICENCES[name]),
                "type": "library",
                "bom-ref": url,
                "purl": url,
                "scope": "required",
                "description": "fetched by pip; not in the wheel",
            }
            for name, url in urls.items()
        ],
        "dependencies": [
            {"ref": reference, "dependsOn": [urls[name] for name in sorted(direct)]},
            *(
                {"ref": url, "dependsOn": [urls[n] for n in sorted(needed) if name in asked[n]]}
                for name, url in urls.items()
            ),
        ],
    }
    return json.dumps(bill, indent=2, sort_keys=True) + "\n"


def _component(name: str, version: str, licence: str) -> dict[str, Any]:
    return {"name": name, "version": version, "licenses": [{"expression": licence}]}


def _read(locked: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Distribution → version, and → who asked for it."""
    versions, asked = {}, {}
    for block in re.split(r"\n(?=[\w.-]+==)", locked.read_text(encoding="utf-8")):
        if found := _LOCKED.search(block):
            versions[found[1]] = found[2]
            asked[found[1]] = {*_ASKED.findall(block)}
    return versions, asked


def _closed(direct: set[str], asked: dict[str, set[str]]) -> set[str]:
    """What is asked for, directly or by others that are."""
    needed = set(direct)
    while more := {name for name, by in asked.items() if by & needed} - needed:
        needed |= more
    return needed
