"""The subcommands of `python -m device`, one concern per file.

Each module has `register(commands)`, which adds its parsers, and imports what is heavy (pyelftools,
pyserial, unicorn) only when it runs.
"""
