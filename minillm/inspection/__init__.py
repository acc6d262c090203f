"""A training step under glass: every array from the tokens to the loss and back, recorded while the library computes it, and as a page."""

from minillm.lazy import attach

NAMES = {
    "page": ("save_step",),
    "step": ("Step", "WeightUpdate", "finite_differences", "record_step"),
    "texts": ("Example", "example_of"),
}
__getattr__, __dir__ = attach(__name__, NAMES)
__all__ = [name for names in NAMES.values() for name in names]
