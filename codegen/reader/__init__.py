"""QDQ ONNX in, typed graph out (`codegen.reader.qdq.read_graph`)."""
