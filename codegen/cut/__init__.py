"""Networks cut open at each quantized tensor, so that every layer can be judged by itself."""
