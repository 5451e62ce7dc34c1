"""Boards, ELF files, programmers, debuggers and emulators: everything between ELF and result."""
