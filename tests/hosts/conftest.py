"""Hosts take in what those of tests/embed do."""

from tests.embed.conftest import package_parts, packages, vendor

__all__ = ["package_parts", "packages", "vendor"]
