"""A page on this computer: draw a digit, and the firmware reads it."""
