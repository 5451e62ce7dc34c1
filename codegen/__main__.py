"""`python -m codegen <command>`."""

from support.errors import run_cli


def main() -> int | None:
    """Run the command line, which takes its time to load: Ctrl-C is answered meanwhile."""
    from codegen.cli import main as run

    return run()


if __name__ == "__main__":
    run_cli("codegen", main)
