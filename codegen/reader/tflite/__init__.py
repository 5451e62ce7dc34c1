"""TensorFlow Lite files in, the same graph as from ONNX (`codegen.reader.tflite.read.read_tflite`)."""
