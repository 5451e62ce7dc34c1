"""The only place that renders templates."""

from __future__ import annotations

import importlib.util
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from codegen.assembly import tidy
from codegen.bytecode import Bytecode
from support.errors import UserError
from support.files import sha256_file
from support.places import ROOT

TEMPLATES = ROOT / "templates"
# A placeholder for text that is set aside. No name in a model can be one: nobody knows its key.
_KEY = secrets.token_hex(8)
_VERBATIM = re.compile(rf"[ \t]*/\*{_KEY}:(\d+)\*/")

_used: set[Path] = set()
# What `verbatim` keeps out of clang-format's way while a template is rendered.
_aside: ContextVar[list[str]] = ContextVar("aside")


class _Loader(jinja2.FileSystemLoader):
    """Loads from `templates/` and remembers what."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """The text, the file, and whether it is still the same."""
        source = super().get_source(environment, template)
        _used.add(Path(source[1]))
        return source


class _Kept(jinja2.BytecodeCache):
    """Compiled templates of earlier runs, see `codegen.bytecode`."""

    def get_bucket(
        self, environment: jinja2.Environment, name: str, filename: str | None, source: str
    ) -> jinja2.bccache.Bucket:
        """What is known of a template: its code, if that was kept."""
        bucket = _Bucket(environment, name, self.get_source_checksum(source))
        bucket.kept = Bytecode(name, source, _compiler())
        bucket.code = bucket.kept.load(filename or name)
        return bucket

    def set_bucket(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keep what was compiled."""
        assert isinstance(bucket, _Bucket) and bucket.code is not None
        bucket.kept.keep(bucket.code)


class _Bucket(jinja2.bccache.Bucket):
    kept: Bytecode


@cache
def _compiler() -> bytes:
    """What decides how a template is compiled, besides its text.

    Jinja2 has its options from this file and applies filters to constants when it compiles.
    """
    return f"{jinja2.__version__}\0{sha256_file(__file__)}".encode()


def used_templates() -> frozenset[Path]:
    """All template files that were read so far, included ones too."""
    return frozenset(_used)


@cache
def environment() -> jinja2.Environment:
    """Jinja2 that fails on undefined names and keeps the last newline; a file is parsed once."""
    env = jinja2.Environment(
        loader=_Loader(TEMPLATES),
        bytecode_cache=_Kept(),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=jinja2.select_autoescape(["html.j2", "svg.j2"], default=False),
    )
    env.filters["hex8"] = lambda value: f"0x{value:08X}"
    env.filters["hex4"] = lambda value: f"0x{value:04X}"
    env.filters["comment"] = _comment
    env.filters["cstring"] = _c_string
    env.filters["cutf8"] = _c_utf8
    env.filters["verbatim"] = _set_aside
    return env


def render(template: str, context: Mapping[str, Any]) -> str:
    """Render one template: see `render_all`."""
    return render_all([template], context)[0]


def render_all(templates: Sequence[str], context: Mapping[str, Any]) -> list[str]:
    """Render templates of `templates/` by their paths below that folder; C and assembly are
    formatted, all C by one program.

    Raises:
        UserError: no such template, or a name that the context does not have.
    """
    asides: list[list[str]] = []
    texts = []
    for template in templates:
        asides.append([])
        _aside.set(asides[-1])
        texts.append(_rendered(template, context))
    kinds = [Path(template.removesuffix(".j2")).suffix for template in templates]
    c = [index for index, kind in enumerate(kinds) if kind in (".c", ".h")]
    if c:
        for index, text in zip(c, _clang_format([texts[index] for index in c]), strict=True):
            texts[index] = text
    texts = [tidy(t) if kind == ".S" else t for t, kind in zip(texts, kinds, strict=True)]
    return [_filled(text, aside) for text, aside in zip(texts, asides, strict=True)]


def _rendered(template: str, context: Mapping[str, Any]) -> str:
    try:
        return environment().get_template(template).render(context)
    except jinja2.TemplateNotFound as error:
        raise UserError(f"template '{error.name}' not found below {TEMPLATES}") from None
    except jinja2.UndefinedError as error:
        raise UserError(
            f"template '{template}': {error.message}", "give the value with --set or --context"
        ) from None


def _filled(text: str, aside: Sequence[str]) -> str:
    """The text with what was set aside."""
    return _VERBATIM.sub(lambda match: aside[int(match[1])], text)


@jinja2.pass_context  # or Jinja2 calls it for constants when it parses
def _set_aside(_: jinja2.runtime.Context, text: str) -> str:
    """Keep data out of clang-format's way: megabytes of numbers take it minutes."""
    aside = _aside.get()
    aside.append(text)
    return f"/*{_KEY}:{len(aside) - 1}*/"


def _clang_format(texts: Sequence[str]) -> list[str]:
    """Format C with the project's style; generated C is what users debug.

    One program for all: it takes longer to start than to format a file.
    """
    style = f"--style=file:{ROOT / '.clang-format'}"
    with tempfile.TemporaryDirectory(prefix="nn2flash-") as folder:
        # Of one name each, because a file's own header comes first among its includes.
        files = [Path(folder, str(index), "generated.c") for index in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.parent.mkdir()
            file.write_text(text, encoding="utf-8", newline="")
        done = subprocess.run(
            [_clang_format_program(), style, "-i", *files],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UserError(
                f"clang-format failed: {done.stderr.strip()}", "nn2flash doctor says how"
            )
        return [file.read_text(encoding="utf-8") for file in files]


@cache
def _clang_format_program() -> str:
    """The program itself: the script of that name starts a Python for each file.

    Raises:
        UserError: the clang-format package is not installed.
    """
    package = importlib.util.find_spec("clang_format")
    if package is None or package.origin is None:
        raise UserError("clang-format is not installed", "nn2flash doctor says how")
    program = Path(package.origin).parent / "data" / "bin" / "clang-format"
    return str(program if program.exists() else Path(sys.executable).parent / "clang-format")


def _comment(text: object) -> str:
    """Text that cannot end a C comment or leave its line, by a trigraph neither."""
    plain = re.sub(r"[^\x20-\x7e]", "?", str(text)).replace("??", "? ?").replace("??", "? ?")
    return plain.replace("*/", "* /").replace("/*", "/ *")


def _c_utf8(text: object) -> str:
    """Text of any language as the inside of a C string literal of ASCII characters, in UTF-8."""
    data = str(text).encode()
    return "".join(
        _c_string(chr(byte)) if 0x20 <= byte < 0x7F else f"\\{byte:03o}" for byte in data
    )


def _c_string(text: object) -> str:
    """Text as the inside of a C string literal."""
    plain = re.sub(r"[^\x20-\x7e]", "?", str(text))
    # A question mark alone may begin a trigraph (ISO C11, 5.2.1.1).
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
