"""`python -m device COMMAND`."""

from support.errors import run_cli


def main() -> int | None:
    """Run the command line, which takes its time to load: Ctrl-C is answered meanwhile."""
    from device.cli import main as run

    return run()


if __name__ == "__main__":
    run_cli("device", main)
