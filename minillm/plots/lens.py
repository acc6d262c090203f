"""The logit lens: what the model would say if it stopped after each layer.

Source: nostalgebraist 2020, "interpreting GPT: the logit lens".
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.cells import draw_cells, write_in_cell
from minillm.plots.labels import name_labels, plain_text, text_lines, token_labels
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import house_style, new_figure
from minillm.plots.weights import weight_bar
from minillm.visible import columns

BAND = 20  # tokens side by side; a longer text goes on below
COLUMNS = 6  # characters of a word in its cell; a Chinese one is as wide as two


@house_style()
def logit_lens(
    probabilities: np.ndarray,
    predicted: Sequence[Sequence[str]],
    tokens: Sequence[str],
    *,
    layers: Sequence[str],
    title: str | None = None,
) -> Figure:
    """The likeliest next token after each of the T tokens, if the model stopped after each of N layers.

    `predicted` (N, T) are these next tokens and `probabilities` (N, T) theirs; `layers` names the N rows, the first on top.
    """
    probabilities = _checked(probabilities, predicted, tokens, layers)
    rows, columns = probabilities.shape
    bands = -(-columns // BAND)
    wide = -(-columns // bands)
    width, height = max(1.4, wide * 0.5), max(1.1, rows * 0.26)  # inches

    # Numbered together, so that `#3` is the same word on the axis and in the cells.
    texts = [*tokens, *dict.fromkeys(word for row in predicted for word in row)]
    labels, note = token_labels(texts)
    label_of = dict(zip(texts, labels, strict=True))
    layer_names, layer_note = name_labels(layers)

    figure = new_figure()
    axes = figure.subplots(bands, 1, squeeze=False)
    for first, panel in zip(range(0, columns, wide), axes.flat, strict=True):
        band = slice(first, min(first + wide, columns))
        # By the square root: a word of 0.05 among a thousand is already a guess.
        image = draw_cells(panel, probabilities[:, band], PowerNorm(0.5, 0, 1))
        panel.set_facecolor("none")
        for row, column in np.ndindex(image.get_array().shape):
            word = predicted[row][first + column]
            write_in_cell(panel, image, row, column, _cut(label_of[word]), fontsize=7)
        panel.set_xlim(-0.5, wide - 0.5)  # a shorter last band has cells of the same size
        name_ticks(panel.yaxis, layer_names, height / rows, smallest=7)
        name_ticks(panel.xaxis, labels[band], width / wide, smallest=7)
    weight_bar(figure, image, list(axes.flat), label="probability", fraction=0.05, aspect=20, pad=0.02)
    figure.supylabel("the guess after", fontsize=10)
    words = "the token read: each cell guesses the next one"
    figure.supxlabel(text_lines(words, note or layer_note), fontsize=10, wrap=True)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, width, height)
    return figure


def _checked(
    probabilities: np.ndarray, predicted: Sequence[Sequence[str]], tokens: Sequence[str], layers: Sequence[str]
) -> np.ndarray:
    """The probabilities (N, T) as an array, once everything fits them."""
    probabilities = np.asarray(probabilities)
    if probabilities.ndim != 2 or not probabilities.size:
        raise InputError(
            f"The probabilities are {probabilities.shape} but this figure draws (N, T).",
            "Give one for each layer and token, at least one of each.",
        )
    rows, columns = shape = probabilities.shape
    if len(predicted) != rows or any(len(row) != columns for row in predicted):
        lengths = " or ".join(map(str, sorted({len(row) for row in predicted})))
        raise InputError(
            f"The probabilities are {shape} but the predicted tokens are ({len(predicted)}, {lengths}).",
            "Give the token that each of the probabilities is for.",
        )
    for count, names, kind in ((rows, layers, "names of layers"), (columns, tokens, "tokens")):
        if len(names) != count:
            raise InputError(
                f"The probabilities are {shape} but there are {len(names)} {kind}: (N, T) needs {count}.",
                "Give one string for each.",
            )
    if not np.all((probabilities >= 0) & (probabilities <= 1.001)):  # a little over 1: the rounding of low precision
        raise InputError("Probabilities lie between 0 and 1, and some of these do not.", "Give them after the softmax.")
    return probabilities


def _cut(label: str) -> str:
    """The label if it is COLUMNS wide at most, or else its beginning and `…`."""
    widths = np.cumsum([columns(character) for character in label])
    if not len(label) or widths[-1] <= COLUMNS:
        return label
    return label[: np.searchsorted(widths, COLUMNS)] + "…"
