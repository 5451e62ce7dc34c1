"""A page on this computer: draw, open a file or take a test input, and the firmware answers."""
