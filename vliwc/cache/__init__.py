"""Compilations that were made before, kept by what they are made from."""
