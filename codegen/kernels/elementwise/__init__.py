"""Element by element: tables, constants, two values."""
