"""Exact methods: CP-SAT models, integer programs, large neighbourhoods, and their portfolio."""
