"""One module per command of `python -m model`; every heavy import waits until the command runs."""
