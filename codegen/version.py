"""The generator's version: part of every generated file and of the manifest."""

VERSION = (0, 1, 0)
TEXT = ".".join(str(part) for part in VERSION)
