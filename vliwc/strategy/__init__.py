"""Strategies: which group does what how, by cost."""
