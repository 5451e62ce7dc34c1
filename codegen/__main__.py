"""`python -m codegen <command>`."""

from support.errors import run_cli

if __name__ == "__main__":
    from codegen.cli import main

    run_cli("codegen", main)
