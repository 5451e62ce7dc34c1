"""The room of .tflite files: reading them, against LiteRT."""
