"""A debug port in front of an emulated board, for the tools that flash and debug real ones.

`tap.py` JTAG · `dap.py` ADIv5 debug port and memory access ports · `server.py` the sockets ·
`session.py` a model board as a process for the commands of this package · `openocd/`, `pyocd/` what
makes the unmodified tools find it.
"""
