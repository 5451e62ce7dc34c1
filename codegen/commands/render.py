"""Render one template from JSON files and values."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from codegen.render import render
from support.build_files import KINDS, read_build_file
from support.errors import UserError
from support.files import read_json, write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `render`."""
    parser.add_argument("template", help="path below templates/, for example app/main.c.j2")
    parser.add_argument(
        "--context", action="append", default=[], metavar="KEY=FILE", help="a JSON file as KEY"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a JSON value, or text"
    )
    parser.add_argument("--out", type=Path, required=True, help="the rendered file")


def run(arguments: argparse.Namespace) -> None:
    """Render and write, whole or not at all."""
    context: dict[str, Any] = {}
    for entry in arguments.context:
        key, value = _split(entry)
        context[key] = read_build_file(Path(value), key) if key in KINDS else read_json(value)
    for entry in arguments.set:
        key, value = _split(entry)
        try:
            context[key] = json.loads(value)
        except json.JSONDecodeError:
            context[key] = value
    write_text(arguments.out, render(arguments.template, context))


def _split(entry: str) -> tuple[str, str]:
    key, equals, value = entry.partition("=")
    if not equals or not key.isidentifier():
        raise UserError(f"'{entry}' is not KEY=VALUE", "for example --set name=network")
    return key, value
