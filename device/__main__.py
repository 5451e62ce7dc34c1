"""`python -m device COMMAND`."""

from support.errors import run_module

if __name__ == "__main__":
    run_module("device", f"{__package__}.cli")
