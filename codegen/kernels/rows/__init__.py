"""Two layers in one pass over rows, the tensor between them never whole."""
