"""How often answers agree with labels, as a person reads it."""

from collections.abc import Sequence

import numpy as np

from minillm.cli.terminal import visible
from minillm.finetuning import accuracy_of

SHOWN = 12  # classes, of which all mistakes fit on a screen


def per_cent(share: float) -> str:
    return f"{100 * share:.1f} %"


def agreement(confusion: np.ndarray, classes: Sequence[str]) -> str:
    """Accuracy, and which class is taken for which."""
    right, error = accuracy_of(confusion)
    accuracy = f"accuracy  {per_cent(right)} ± {100 * error:.1f}"
    return (
        f"{accuracy}  ({np.trace(confusion):,} of {confusion.sum():,} held-out texts)\n{mistakes(confusion, classes)}"
    )


def mistakes(confusion: np.ndarray, classes: Sequence[str]) -> str:
    """Which class is taken for which; of many classes the most frequent mistakes only."""
    lines = []
    names = [visible(name) for name in classes]
    if len(classes) > SHOWN:
        wrong = confusion - np.diag(np.diag(confusion))
        for place in np.argsort(-wrong, axis=None, kind="stable")[:SHOWN]:
            label, answer = divmod(int(place), len(classes))
            if wrong[label, answer]:
                lines.append(f"{wrong[label, answer]:>8,}  {names[label]} taken for {names[answer]}")
        return "\n".join(lines)
    side = max(len("label"), *map(len, names))
    widths = [max(len(name), len(f"{column.max():,}")) for name, column in zip(names, confusion.T, strict=True)]
    lines.append(
        f"{'label':<{side}}  " + "  ".join(f"{n:>{w}}" for n, w in zip(names, widths, strict=True)) + "  <- answer"
    )
    for name, row in zip(names, confusion, strict=True):
        lines.append(f"{name:<{side}}  " + "  ".join(f"{n:>{w},}" for n, w in zip(row, widths, strict=True)))
    return "\n".join(lines)
