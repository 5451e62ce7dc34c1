"""`python -m nn2flash COMMAND`, which is what `nn2flash COMMAND` of an installed wheel runs.

This file, and what it imports before the version is known to do, loads in any Python 3.
"""

import sys

OLDEST = (3, 11)


def main() -> None:
    """Run the command line, or say that this Python is too old for it."""
    if sys.version_info < OLDEST:
        given, wanted = (".".join(map(str, v[:2])) for v in (sys.version_info, OLDEST))
        sys.exit(
            "nn2flash: error: this is Python " + given + ", too old\n  remedy: install it with"
            " Python " + wanted + " or newer (python" + wanted + " -m pip install .)"
        )
    from support.errors import run_module

    run_module("nn2flash", f"{__package__}.cli")


if __name__ == "__main__":
    main()
