"""Exact instruction counts of a network's firmware, beside other runtimes on the same inputs."""
