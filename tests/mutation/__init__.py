"""Mutation testing: small faults, one at a time, in a copy of the project; do its tests notice?"""
