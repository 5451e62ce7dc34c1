"""Fast kernels: each pass alone; whole chains on an emulated Cortex-M7 and on this computer."""
