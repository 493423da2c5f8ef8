"""Passes over the lane IR, one per file; :mod:`vliwc.passes.registry` lists them by name."""
