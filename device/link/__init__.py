"""Talking to running firmware: docs/protocol.md over a serial port or an emulator's console."""
