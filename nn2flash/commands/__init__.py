"""The verbs, one a module: `add_arguments(parser)` and `run(arguments)`."""
