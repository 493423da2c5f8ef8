"""Compilations as one self-contained page: the schedule, the source, the IR, where cycles go."""
