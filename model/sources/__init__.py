"""Data of a user's from files, as `data()` of a network module returns it.

`from model import sources`, then `return sources.csv("readings.csv", target="temperature")`.
"""

from __future__ import annotations

from model.sources.arrays import arrays
from model.sources.folders import images
from model.sources.idx import idx
from model.sources.read import read
from model.sources.tables import csv

__all__ = ["arrays", "csv", "idx", "images", "read"]
