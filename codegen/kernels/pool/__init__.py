"""Pools, channels last."""
