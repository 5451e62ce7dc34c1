"""TensorFlow Lite files in, the same graph as from ONNX (`read.read_tflite`)."""
