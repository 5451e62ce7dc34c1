"""The sets of data that are fetched, by name: one room each."""

from __future__ import annotations

from model.sources.basic_motions import BASIC_MOTIONS
from model.sources.mnist import MNIST

SETS = {each.name: each for each in (MNIST, BASIC_MOTIONS)}
"""As `support.data_sets.SETS` names them."""
