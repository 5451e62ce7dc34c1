"""The network module of the guide's digits, which plain `scons` trains."""
