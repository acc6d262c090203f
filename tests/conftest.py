"""Fixtures that several folders use."""

from tests.standin import cupy_standin

__all__ = ["cupy_standin"]
