"""`python -m codegen <command>`."""

from support.errors import run_module

if __name__ == "__main__":
    run_module("codegen", f"{__package__}.cli")
