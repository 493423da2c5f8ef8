"""vliwc: an optimising compiler from a small kernel language to a VLIW SIMD machine."""

__version__ = "0.1.0"
