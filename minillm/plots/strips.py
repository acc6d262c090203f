"""From scores to weights: the four stages of an attention row, side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.cells import MISSING, colours, draw_cells, write_numbers
from minillm.plots.checked_weights import checked_weights
from minillm.plots.labels import plain_text, text_lines
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import house_style, new_figure
from minillm.plots.weights import draw_weights, query_and_key_names, weight_bar

STAGES = ("scores", "→ scaled", "→ masked", "→ softmax")


@house_style()
def score_strip(
    scores: np.ndarray,
    scaled: np.ndarray,
    weights: np.ndarray,
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    allowed: np.ndarray | None = None,
    title: str | None = None,
) -> Figure:
    """One head in four stages, each (T, S): scores q·k, scaled, masked (−∞ is hatched), and the weights after the softmax.

    `allowed` is the mask: True = may look (None: everywhere). The first three panels share one scale, white where a score
    is 0, so that the scaling can be seen: its scores are paler. The weights have theirs, from 0 to 1.
    """
    weights = checked_weights(weights, "TS", queries, keys)
    rows, columns = weights.shape
    allowed = np.ones((rows, columns), dtype=bool) if allowed is None else np.asarray(allowed)
    scores, scaled = _checked(scores, scaled, weights, allowed)
    masked = np.ma.array(scaled, mask=~allowed)

    longest = max(rows, columns)
    numbered = longest <= 8
    # Room for a number, or for a name of 9 points up to some size and then of 6 points.
    cell = 0.42 if numbered else np.clip(2.4, 0.11 * longest, 0.17 * longest) / longest
    width, height = np.clip([columns * cell, rows * cell], 1, 20)
    across = 4 if 4 * width <= 10 else 2

    figure = new_figure()
    axes = figure.subplots(4 // across, across, squeeze=False)
    for panel, name in zip(axes.flat, STAGES, strict=True):
        panel.set_title(name, loc="center", fontsize=10)
    cmap, norm = colours(np.array([scores, scaled]), centred=True)
    images = [draw_cells(axes.flat[i], values, norm, cmap) for i, values in enumerate((scores, scaled, masked))]
    images.append(draw_weights(axes.flat[3], np.ma.array(weights, mask=~allowed)))
    if allowed.all():
        axes.flat[2].set_title(f"{STAGES[2]}: none", loc="center", fontsize=10)
    else:
        _hatch(axes.flat[2], ~allowed)
    if numbered:
        for panel, image in zip(axes.flat, images, strict=True):
            write_numbers(panel, image, ".2f" if panel is axes.flat[3] else None)
    sizes = {"fraction": 0.05, "pad": 0.02, "aspect": 30}
    figure.colorbar(images[0], ax=list(axes.flat[: min(across, 3)]), label="score", **sizes)
    weight_bar(figure, images[3], list(axes.flat[-across:]) if across == 2 else axes.flat[3], **sizes)

    query_names, key_names, note = query_and_key_names(queries, keys)
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
    for panel in axes[:, 0]:
        query_label = "query: looks from" + name_ticks(panel.yaxis, query_names, height / rows, smallest=6)
    for panel in axes[-1]:
        key_label = "key: looks at" + name_ticks(panel.xaxis, key_names, width / columns, smallest=6)
    figure.supylabel(query_label, fontsize=10)
    forbidden = "" if allowed.all() else "hatched: −∞, forbidden by the mask; grey: no weight"
    figure.supxlabel(text_lines(key_label, forbidden, note), fontsize=10, wrap=True)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, width, height)
    return figure


def _checked(
    scores: np.ndarray, scaled: np.ndarray, weights: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The scores and the scaled scores as arrays, once all four stages fit together."""
    scores, scaled = np.asarray(scores), np.asarray(scaled)
    for name, stage in (("scores", scores), ("scaled scores", scaled), ("allowed places", allowed)):
        if stage.shape != weights.shape:
            raise InputError(
                f"The weights are {weights.shape} but the {name} are {stage.shape}.",
                "Give all stages of one head, (T, S).",
            )
    if allowed.dtype != bool:
        raise InputError(
            f"The allowed places are {allowed.dtype}, not boolean.", "Give True where a query may look, else False."
        )
    if not (np.all(np.isfinite(scores)) and np.all(np.isfinite(scaled))):
        raise InputError(
            "Some of the scores are not finite.", "Give the scores before the mask, and the mask as `allowed`."
        )
    if np.any(weights[~allowed] > 0):
        raise InputError(
            "Some weight lies on a key that the mask forbids.", "Give the mask that these weights were computed with."
        )
    return scores, scaled


def _hatch(panel: Axes, cells: np.ndarray) -> None:
    """Hatch those cells (T, S) that are True."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    squares = corners + np.argwhere(cells)[:, None, ::-1]  # (row, column) is at (y, x)
    panel.add_collection(
        PolyCollection(squares, facecolor=MISSING, edgecolor="0.6", linewidth=0, hatch="/////"), autolim=False
    )
