"""Tests of .tflite files: reading them, against LiteRT."""
