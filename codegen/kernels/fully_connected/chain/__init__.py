"""Packed fully connected layers: exact passes over weights, and the choice of dense or sparse.

Every pass turns an `IntegerLayer` into one that computes the same bytes in a better shape; the
packing modules turn the result into the bytes that the assembly in templates/ops reads.
"""
