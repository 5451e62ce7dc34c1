"""ONNX in, C out: reader → graph → plan → render."""
