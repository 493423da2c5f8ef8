"""Staggered list scheduling: groups start one after the other, by virtual deadlines."""
