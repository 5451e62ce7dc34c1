"""Network modules: a user's Python file that says which network is trained on which data."""
