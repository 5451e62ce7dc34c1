"""Bytes that move as they are."""
