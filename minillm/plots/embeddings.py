"""Embeddings on a plane: each word at the two directions in which the words differ most."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from minillm.errors import InputError
from minillm.plots.charts import MARKERS
from minillm.plots.labels import name_labels, plain_text, text_lines, token_labels
from minillm.plots.layout import POINTS, fit
from minillm.plots.style import COLOURS, house_style, new_figure

MOST_NAMES = 40

# Where the nearest edge or corner of a name may stand, in points right of its point and above it: the first that is free is taken.
NEAR = 6
_OFFSETS = [
    (r * x, r * y)
    for r in (NEAR, 12, 20)
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
]
# The side of the name that is towards its point.
_SIDES = (
    {1: "left", 0: "center", -1: "right"},
    {1: "bottom", 0: "center", -1: "top"},
)


@house_style()
def embedding_map(
    vectors: np.ndarray,
    words: Sequence[str],
    *,
    groups: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Figure:
    """Vectors (V, D) of V words on their first two principal components, on one scale: near on the map is near in these two only.

    The axes say what share of the variance they keep. `groups` gives a word the name of its group: a colour and a marker, named
    below. Words are named as far as there is room, the first ones first; the figure says how many.
    """
    places, shares = _principal_components(_checked(vectors, words))

    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    group_note = _draw_points(panel, places, [(groups or {}).get(word) for word in words])
    panel.set_aspect("equal", adjustable="datalim")
    panel.margins(0.08)
    _name_groups(figure, panel)
    names, note = token_labels(words)
    panel.set_ylabel(f"component 2 ({shares[1]:.0%} of the variance)")
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    label = f"component 1 ({shares[0]:.0%} of the variance)"
    panel.set_xlabel(text_lines(label, note, group_note), wrap=True)
    fit(figure, axes, 5.2, 4.2)
    named = _name_points(panel, places, names)
    if named < len(words):
        panel.set_xlabel(text_lines(label, f"{named} of {len(words)} words are named", note, group_note), wrap=True)
        fit(figure, axes, 5.2, 4.2)
    return figure


@house_style()
def embedding_maps(
    moments: Mapping[str, np.ndarray],
    words: Sequence[str],
    *,
    groups: Mapping[str, str],
    pairs: Sequence[tuple[str, str]] = (),
    title: str | None = None,
) -> Figure:
    """The same V words at several moments, (V, D) each, by the moments' names: a panel each, drawn as `embedding_map` but without names.

    Every panel has its own two principal components and its own scale. A line joins the two words of each of the `pairs`, such as a word
    and its translation.
    """
    if not moments:
        raise InputError("There is no map to draw.", "Give the vectors of at least one moment, by its name.")
    names, note = name_labels(list(moments))
    figure = new_figure()
    axes = figure.subplots(1, len(moments), squeeze=False)
    for panel, name, vectors in zip(axes[0], names, moments.values(), strict=True):
        places, shares = _principal_components(_checked(vectors, words))
        for pair in pairs:
            panel.plot(*places[[words.index(word) for word in pair]].T, color="0.6", linewidth=0.6, zorder=1)
        group_note = _draw_points(panel, places, [groups.get(word) for word in words])
        panel.set_aspect("equal", adjustable="datalim")
        panel.margins(0.08)
        panel.set_title(name, loc="center", fontsize=10, parse_math=False)
        panel.set_xlabel(f"component 1 ({shares[0]:.0%})")
        panel.set_ylabel(f"component 2 ({shares[1]:.0%})")
    _name_groups(figure, axes[0, 0])
    middle = axes[0, len(moments) // 2]  # a label of the whole figure would lie on the legend
    notes = text_lines("in brackets: the share of the variance", note, group_note)
    middle.set_xlabel(text_lines(middle.get_xlabel(), notes), parse_math=False)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, 2.6, 2.6)
    return figure


def _checked(vectors: np.ndarray, words: Sequence[str]) -> np.ndarray:
    """The vectors as an array (V, D), once they are finite and as many as the words."""
    vectors = np.asarray(vectors, dtype=float)
    if vectors.ndim != 2 or len(vectors) != len(words) or 0 in vectors.shape:
        raise InputError(
            f"The vectors are {vectors.shape} but there are {len(words)} words.",
            "Give (V, D): one vector for each of V words.",
        )
    if not np.isfinite(vectors).all():
        raise InputError("Some vector is not finite.", "Look for the step where the training went wrong.")
    return vectors


def _principal_components(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the vectors (V, D) lie on their first two principal components: (V, 2), and the share of the variance of each: (2,).

    With the mean taken out, X = U S Vᵀ: the components are the rows of Vᵀ, and the places on them are U S.
    """
    u, s, vt = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    # A component may point either way: its largest entry is made positive, so that the map is the same everywhere.
    signs = np.sign(vt[np.arange(len(vt)), np.abs(vt).argmax(axis=1)])
    places, shares = np.zeros((len(vectors), 2)), np.zeros(2)
    rank = min(2, len(s))
    places[:, :rank] = (u * s * signs)[:, :rank]
    shares[:rank] = s[:rank] ** 2 / max(np.sum(s**2), np.finfo(float).tiny)
    return places, shares


def _draw_points(panel: Axes, places: np.ndarray, groups: list[str | None]) -> str:
    """A marker at each place (V, 2), a colour and a shape for each group; returns the note that the groups' names need."""
    found = list(dict.fromkeys(filter(None, groups)))
    names, note = name_labels(found)
    palette = list(COLOURS.values())
    for i, (group, name) in enumerate(zip(found, names, strict=True)):
        points = places[[g == group for g in groups]]
        # After seven groups the shapes move on by one: 49 pairs.
        panel.plot(
            *points.T, ls="none", marker=MARKERS[(i + i // 7) % 7], color=palette[i % 7], markersize=5, label=name
        )
    rest = places[[not g for g in groups]]
    colour = "0.6" if found else palette[0]
    panel.plot(*rest.T, ls="none", marker=".", color=colour, markersize=6)
    return note


def _name_groups(figure: Figure, panel: Axes) -> None:
    """The names of the groups of a panel, below the figure."""
    handles, names = panel.get_legend_handles_labels()
    if handles:
        legend = figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=9)
        for text in legend.get_texts():
            text.set_parse_math(False)


def _name_points(panel: Axes, places: np.ndarray, names: list[str]) -> int:
    """Write names beside their points where they cover no point, no other name and no edge; returns how many found room."""
    panel.apply_aspect()
    half = 3 * panel.figure.dpi / POINTS  # of the square around a point, in pixels
    taken = [Bbox.from_extents(x - half, y - half, x + half, y + half) for x, y in panel.transData.transform(places)]
    named = 0
    for place, name in zip(places[:MOST_NAMES], names, strict=False):
        for offset in _OFFSETS:
            ha, va = (sides[int(np.sign(shift))] for sides, shift in zip(_SIDES, offset, strict=True))
            text = panel.annotate(
                name, place, offset, textcoords="offset points", ha=ha, va=va, fontsize=8, parse_math=False
            )
            box = text.get_window_extent()
            inside = panel.bbox.contains(box.x0, box.y0) and panel.bbox.contains(box.x1, box.y1)
            if inside and not box.count_overlaps(taken):
                taken.append(box)
                named += 1
                if max(map(abs, offset)) > NEAR:  # too far to be taken for granted: a line leads there
                    line = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
                    panel.annotate("", place, offset, textcoords="offset points", arrowprops=line)
                break
            text.remove()
    return named
