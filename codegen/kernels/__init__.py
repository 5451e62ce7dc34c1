"""Kernels: for each kind of operation the ways to compute it, one folder for each family.

A family is found by looking into this folder (`registry.py`); what it needs of a processor it says
itself.
"""
