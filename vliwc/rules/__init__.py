"""Rewrite rules: tables of equations, the engine that applies them, and their Z3 proofs."""
