"""Relaxations of scheduling problems: linear and integer models that prove bounds."""
