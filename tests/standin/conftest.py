"""The fixture, for the tests of this folder."""

from . import cupy_standin

__all__ = ["cupy_standin"]
