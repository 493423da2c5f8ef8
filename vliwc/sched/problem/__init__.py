"""Scheduling problems: what is scheduled, its dense and list forms, paths, bounds, files."""
