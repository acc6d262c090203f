"""Norms layer by layer: where gradients or activations vanish or grow."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.charts import line_chart


def layer_norms(
    norms: Mapping[str, Sequence[float]], *, ylabel: str = "gradient norm", title: str | None = None
) -> Figure:
    """A norm in each layer (L,), a line for each variant of a model, such as pre-LN and post-LN, on a logarithmic scale.

    Layer 0 is the one nearest to the input. Norms of 0 and those that are not finite have no place there; the figure says how many.
    """
    arrays = {name: np.asarray(values, dtype=float) for name, values in norms.items()}
    for name, values in arrays.items():
        if values.ndim != 1:
            raise InputError(
                f"The norms of {name!r} are {values.shape} but this figure draws (L,).", "Give one a layer."
            )
        if np.any(values < 0):
            raise InputError(f"A norm of {name!r} is negative.", "Give norms: the root of the sum of squares.")
    curves = {name: list(enumerate(values)) for name, values in arrays.items()}
    return line_chart(curves, xlabel="layer", ylabel=ylabel, log_y=True, title=title)
