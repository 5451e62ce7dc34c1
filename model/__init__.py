"""MNIST to a quantized ONNX file: dataset, training, export, quantization, evaluation."""
