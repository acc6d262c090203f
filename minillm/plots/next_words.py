"""The next word: how probable each one is, as bars."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.labels import name_labels, plain_text, text_lines, token_labels
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import COLOURS, house_style, new_figure


@house_style()
def next_word_bars(
    words: Sequence[str],
    probabilities: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """The probability of each of W words, from the top down: (W,), or (N, W) for N groups side by side on one scale.

    `labels` are the N names of the groups, such as temperatures. The words may be the likeliest only: a row need not sum to 1.
    """
    probabilities = np.asarray(probabilities)
    groups = np.atleast_2d(probabilities)
    if probabilities.ndim not in (1, 2) or not probabilities.size or groups.shape[1] != len(words):
        raise InputError(
            f"The probabilities are {probabilities.shape} but there are {len(words)} words.",
            "Give (W,) for W words, or (N, W) for N groups of bars.",
        )
    if labels is not None and len(labels) != len(groups):
        raise InputError(
            f"The probabilities are {probabilities.shape} but there are {len(labels)} labels.",
            "Give one string for each of the N groups.",
        )
    if not np.all((groups >= 0) & (groups <= 1.001)):  # a little over 1: the rounding of low precision
        raise InputError(
            "Probabilities lie between 0 and 1, and some of these do not.",
            "Give them after the softmax, as 0.25 for 25 %.",
        )
    width = 3.2 if len(groups) == 1 else 1.9
    height = float(np.clip(0.21 * len(words), 0.6, 16))

    figure = new_figure()
    axes = figure.subplots(1, len(groups), squeeze=False, sharex=True)
    names, note = token_labels(words)
    group_names, group_note = name_labels(labels or [""] * len(groups))
    for panel, group, name in zip(axes[0], groups, group_names, strict=True):
        panel.barh(range(len(words)), group, color=COLOURS["blue"], height=0.75)
        panel.set_ylim(len(words) - 0.5, -0.5)  # the first word on top
        panel.grid(visible=False, axis="y")
        panel.set_yticks([])  # named on the left only
        panel.set_title(name, loc="center", fontsize=10, parse_math=False)
    axes[0, 0].set_xlim(0, 1.05 * float(groups.max()) * width / (width - 0.4) or 1)  # 0.4 inches for the numbers
    axes[0, 0].locator_params(axis="x", nbins=4 if len(groups) == 1 else 3)
    some = name_ticks(axes[0, 0].yaxis, names, height / len(words), smallest=7)
    if not some:  # each row is high enough for a text
        for panel, group in zip(axes[0], groups, strict=True):
            _write_numbers(panel, group)
    figure.supxlabel(text_lines("probability" + some, note, group_note), fontsize=10, wrap=True)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, width, height)
    return figure


def _write_numbers(panel: Axes, group: np.ndarray) -> None:
    """Each probability right of its bar, in two decimals; what is cut off, 0, stays apart from what is only small."""
    for row, probability in enumerate(group):
        text = "0" if probability == 0 else "<0.01" if probability < 0.01 else f"{probability:.2f}"
        number = panel.annotate(text, (probability, row), (3, 0), textcoords="offset points", va="center", fontsize=8)
        number.set_in_layout(False)  # it is inside: measuring it for the layout would only take time
