"""Passes over the lane IR, one per file, named as the pass; :mod:`vliwc.passes.pipeline` is the
list."""
