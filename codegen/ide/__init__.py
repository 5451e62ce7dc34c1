"""Files for IDEs: one module per IDE, rendered from what the build knows of the firmware."""
