"""The loss curve: how a model learned, beside what guessing would give."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minillm.plots.labels import plain_text
from minillm.plots.style import COLOURS, house_style, new_figure

Points = Sequence[tuple[int, float]]


@house_style()
def loss_curve(
    train: Points,
    validation: Points,
    *,
    chance: float | None = None,
    unigram: float | None = None,
    per: str = "token",
    choices: str = "V",
    title: str | None = None,
) -> Figure:
    """Train and validation loss, each a sequence of (step, loss); points that are not finite are left out.

    `chance` is ln V, the loss of guessing blindly; `unigram` is the entropy of the token frequencies, the loss of knowing
    nothing else. Both are lines across the figure. `per` says what the loss is counted for, and `choices` how many it chooses among are
    called: a classifier's is per text, and C.
    """
    figure = new_figure()
    axes = figure.subplots()
    _draw_train(axes, *_finite(train))
    _draw_validation(axes, *_finite(validation))
    # The names stand right of the data; one above its line and one below, as the entropy is never more than ln V.
    if chance is not None:
        _draw_level(axes, chance, f"guessing blindly:\nln {choices} = {chance:.2f}", above=True)
    if unigram is not None:
        _draw_level(axes, unigram, f"only frequencies:\nentropy = {unigram:.2f}", above=False)
    axes.set_xlabel("step")
    axes.set_ylabel(f"loss (nats per {per})")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if title:
        axes.set_title(plain_text(title), parse_math=False, wrap=True)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def curve_of_log(log: Sequence[dict], *, per: str = "token", **options) -> tuple[Figure, str]:
    """The loss curve of a run's log, whose entries have a step, and a loss or a validation loss; and its alternative text.

    `options` are those of `loss_curve`.
    """
    train, validation = (
        [(entry["step"], entry[name]) for entry in log if name in entry] for name in ("loss", "validation")
    )
    losses = [loss for _, loss in validation]
    seen = "No evaluation yet."
    if losses:
        seen = f"Validation loss falls from {losses[0]:.2f} to {min(losses):.2f} nats a {per}."
    return loss_curve(train, validation, per=per, **options), f"Training and validation loss against the step. {seen}"


def _finite(points: Points) -> tuple[np.ndarray, np.ndarray]:
    """The steps (N,) and the losses (N,) of the finite points."""
    steps, losses = np.asarray(points, dtype=float).reshape(-1, 2).T
    finite = np.isfinite(losses)
    return steps[finite], losses[finite]


def _draw_train(axes: Axes, steps: np.ndarray, losses: np.ndarray) -> None:
    """Each train loss, and where there are enough of them their running mean over it."""
    if len(steps) < 20:
        if len(steps):
            axes.plot(steps, losses, color=COLOURS["blue"], marker=".", label="train")
        return
    half = max(1, len(steps) // 50)
    axes.plot(steps, losses, color=COLOURS["blue"], linewidth=0.7, alpha=0.35, label="train")
    smooth = _running_mean(losses, half)
    axes.plot(steps, smooth, color=COLOURS["blue"], label=f"train, mean of {2 * half + 1} points")


def _running_mean(values: np.ndarray, half: int) -> np.ndarray:
    """The mean of each value and up to `half` neighbours on either side, fewer at the ends: (N,) -> (N,)."""
    window = np.ones(2 * half + 1)
    return np.convolve(values, window, "same") / np.convolve(np.ones_like(values), window, "same")


def _draw_validation(axes: Axes, steps: np.ndarray, losses: np.ndarray) -> None:
    """The validation losses, and the best of them with its value in the legend, where it covers no data."""
    if not len(steps):
        return
    colour = COLOURS["vermillion"]
    axes.plot(steps, losses, color=colour, marker="o", markersize=4, label="validation")
    best = losses.argmin()
    label = f"best validation: {losses[best]:.3f} at step {steps[best]:.0f}"
    axes.plot(steps[best], losses[best], color=colour, marker="*", markersize=13, mec="white", ls="none", label=label)


def _draw_level(axes: Axes, level: float, name: str, *, above: bool) -> None:
    """A dashed line across the figure, with its name right of the data."""
    axes.axhline(level, color="0.4", linewidth=1, linestyle="--", zorder=1)
    side = "bottom" if above else "top"
    axes.text(1.01, level, name, transform=axes.get_yaxis_transform(), va=side, color="0.3", fontsize=9)
