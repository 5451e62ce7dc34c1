"""How the wheel and the source archive are made (PEP 517); no part of either's program."""
