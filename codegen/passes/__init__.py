"""Passes: each a function from a graph to a graph that computes the same bytes."""
