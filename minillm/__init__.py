"""Transformer language models, forward and backward by hand, on NumPy or CuPy arrays."""

__version__ = "0.1.0"
