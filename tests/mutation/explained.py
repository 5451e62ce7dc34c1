"""Mutants that change nothing, with the proof: (file, old text, new text) → why."""

from __future__ import annotations

EXPLAINED: dict[tuple[str, str, str], str] = {}
