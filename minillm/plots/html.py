"""The attention viewer: every layer and head of one text in one HTML file, which needs no server, no library and no network.

The page itself is in `viewer/`: viewer.html is its frame, viewer.css its looks, viewer.js its program.
"""

import base64
import os
from collections.abc import Sequence
from importlib.resources import files

import numpy as np

from minillm.errors import InputError
from minillm.plots.checked_weights import checked_weights
from minillm.plots.offline_page import save_page
from minillm.text.characters import legible

VIEWER = files("minillm.plots") / "viewer"


def save_html(
    path: str | os.PathLike,
    weights: np.ndarray,
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    causal: bool = False,
    title: str,
    alt: str,
    layer_numbers: Sequence[int] | None = None,
    head_numbers: Sequence[int] | None = None,
    vectors: tuple[np.ndarray, np.ndarray] | None = None,
) -> None:
    """Write a page to explore attention with: weights (L, H, T, S), the T query tokens, and the S key tokens.

    keys: None where the queries look at themselves. `causal`: keys later than the query are masked, and drawn as missing.
    `title` heads the page, which speaks Chinese where the environment asks for it (LANGUAGE, LC_ALL, LC_MESSAGES, LANG); `alt` says what is
    drawn to those who cannot see it. The numbers name the layers and heads,
    for a page with some of a model's; None counts from 0. A weight is stored in one byte, so it is off by 1/510 at most.
    `vectors` are the scaled queries (L, H, T, K) and the keys (L, H, S, K) whose products the weights are made of, to be shown behind one.
    InputError: weights that are no attention or do not fit the tokens, no .html file, no title, no alt.
    """
    checked = checked_weights(weights, "LHTS", queries, keys, causal)
    layers, heads = checked.shape[:2]
    data = {
        "layers": _numbers(layer_numbers, layers, "layer"),
        "heads": _numbers(head_numbers, heads, "head"),
        "queries": [_visible(token) for token in queries],
        "keys": [_visible(token) for token in (queries if keys is None else keys)],
        "causal": bool(causal),
        "weights": _packed(checked),
    }
    if vectors is not None:
        data["width"] = vectors[0].shape[-1]
        data["vectors"] = [_halves(numbers) for numbers in vectors]
    save_page(path, VIEWER, "viewer.html", data, title=title, alt=alt)


def _packed(weights: np.ma.MaskedArray) -> str:
    """The weights that are not masked, row by row, in base64: one byte each, 255 for a weight of 1."""
    bytes_ = np.rint(weights.compressed() * 255).astype(np.uint8)
    return base64.b64encode(bytes_.tobytes()).decode("ascii")


def _halves(numbers: np.ndarray) -> str:
    """In two bytes each: 3 digits, up to 65,504."""
    halves = np.clip(numbers, -65504, 65504).astype("<f2")
    return base64.b64encode(halves.tobytes()).decode("ascii")


def _visible(token: str) -> str:
    return legible(token) or "∅"


def _numbers(numbers: Sequence[int] | None, count: int, kind: str) -> list[int]:
    numbers = list(range(count)) if numbers is None else [int(number) for number in numbers]
    if len(numbers) != count:
        raise InputError(
            f"There are {count} {kind}s in the weights but {len(numbers)} {kind}_numbers.", f"Give one for each {kind}."
        )
    return numbers
