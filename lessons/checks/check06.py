"""Checks of lesson 06."""

import numpy as np

from minillm.course import Exercise, Mistake
from minillm.ops import sinusoidal_positions

EXERCISES = [
    Exercise(
        "sinusoids",
        lambda rng: [(24, 16), (3, 4), (5, 2)],
        [
            "Make the D/2 speeds ω first, then all angles t ω_i as one array (T, D/2).",
            "np.arange(0, D, 2) is 0, 2, 4 ...: that is 2i. np.arange(T)[:, None] * omega gives every angle. table[:, 0::2] are the even columns.",
            "omega = 10000.0 ** (-np.arange(0, D, 2) / D); table[:, 0::2] = np.sin(angle); table[:, 1::2] = np.cos(angle)",
        ],
        [
            Mistake(
                "    table[:, 0::2] = np.sin(angle)\n    table[:, 1::2] = np.cos(angle)",
                "    table[:, : D // 2] = np.sin(angle)\n    table[:, D // 2 :] = np.cos(angle)",
                "All sines come first and then all cosines: here they take turns, sine in the even columns and cosine in the odd ones.",
            ),
            Mistake(
                "omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "omega = 10000.0 ** (-np.arange(D // 2) / D)\n    angle",
                "The exponent is -2i/D, and you took -i/D: the hands slow down too little. np.arange(0, D, 2) counts in twos.",
            ),
            Mistake(
                "omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "omega = 10000.0 ** (np.arange(0, D, 2) / D)\n    angle",
                "The hands get faster from one to the next: the exponent needs a minus sign.",
            ),
            Mistake(
                "    table[:, 0::2] = np.sin(angle)\n    table[:, 1::2] = np.cos(angle)",
                "    table[:, 0::2] = np.cos(angle)\n    table[:, 1::2] = np.sin(angle)",
                "Sine and cosine have changed places: position 0 must be (0, 1, 0, 1 ...).",
            ),
            Mistake(
                "np.arange(T)[:, None] * omega",
                "np.arange(1, T + 1)[:, None] * omega",
                "The positions are counted from 1: the first is position 0.",
            ),
            Mistake(
                "np.cos(angle)",
                "np.cos(np.arange(T)[:, None] * 10000.0 ** (-np.arange(1, D, 2) / D))",
                "The cosines have speeds of their own: sine and cosine of one hand share the angle t ω_i.",
            ),
            Mistake(
                "-np.arange(0, D, 2) / D)\n    angle",
                "-2 * np.arange(0, D, 2) / D)\n    angle",
                "The exponent is -2i/D, and you took -4i/D: np.arange(0, D, 2) is 2i already.",
            ),
            Mistake(
                "np.cos(angle)",
                "np.sin(angle)",
                "There are only sines: the odd columns are cosines.",
            ),
            Mistake(
                "np.arange(T)[:, None] * omega",
                "np.deg2rad(np.arange(T)[:, None] * omega)",
                "The angles were taken for degrees: t ω is in radians as it is, and so np.sin wants it.",
            ),
            Mistake(
                "np.arange(T)[:, None] * omega",
                "2 * np.pi * np.arange(T)[:, None] * omega",
                "There is a 2π too much: ω is the angle by which a hand turns from one position to the next, in radians.",
            ),
            Mistake(
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "    omega = 1000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "1000 in place of 10000: the slowest hands are too fast.",
            ),
            Mistake(
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / (D - 2))\n    angle",
                "You divided by D - 2: with that the last hand would be 10000 times slower than the first. The exponent is -2i/D.",
            ),
            Mistake(
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "    omega = np.exp(-np.arange(0, D, 2) / D)\n    angle",
                "e in place of 10000 (or ln 10000 is missing in the exponent): ω = 10000^(-2i/D) = exp(-2i/D · ln 10000).",
            ),
            Mistake(
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "    omega = 10000.0 ** (-np.arange(1, D // 2 + 1) * 2 / D)\n    angle",
                "i was counted from 1: the first hand, i = 0, has ω = 1.",
            ),
            Mistake(
                "    table[:, 1::2] = np.cos(angle)",
                "    table[:, 1::2] = -np.cos(angle)",
                "The cosines have the wrong sign.",
            ),
            Mistake(
                "    return table",
                "    return table.T",
                "It is right, but transposed: a row is a position, (T, D).",
            ),
            Mistake(
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle = np.arange(T)[:, None] * omega\n    table = np.empty((T, D))\n    table[:, 0::2] = np.sin(angle)\n    table[:, 1::2] = np.cos(angle)\n",
                "    angle = np.arange(T)[:, None] * 10000.0 ** (-2 * np.arange(D) / D)\n    table = np.where(np.arange(D) % 2, np.cos(angle), np.sin(angle))\n",
                "i ran over all D columns: it numbers the D/2 hands, and columns 2i and 2i + 1 share the speed of hand i.",
            ),
            Mistake(
                "    return table\n    # end\n\n\ndef shift",
                "    return np.stack([np.sin(angle), np.cos(angle)]).reshape(T, D)\n    # end\n\n\ndef shift",
                "All sines of all positions stand first: reshape keeps the order of the numbers. np.stack(..., axis=-1) lays each sine beside its cosine.",
            ),
            Mistake(
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "    omega = np.exp(-np.log10(10000.0) * np.arange(0, D, 2) / D)\n    angle",
                "exp does not undo log10: take np.log, or 10000.0 ** ....",
            ),
            Mistake(
                "    table[:, 0::2] = np.sin(angle)\n    table[:, 1::2] = np.cos(angle)",
                "    table[:] = 0\n    for i in range(D // 2):\n        table[:, i], table[:, i + 1] = np.sin(angle[:, i]), np.cos(angle[:, i])",
                "Hand i was written into columns i and i + 1, where the next one writes over it: its columns are 2i and 2i + 1.",
            ),
            Mistake(
                "    return table\n    # end\n\n\ndef shift",
                "    return np.repeat(np.sin(angle) + np.cos(angle), 2, axis=1)\n    # end\n\n\ndef shift",
                "Sine and cosine were added up: they stand side by side, in columns 2i and 2i + 1.",
            ),
            Mistake(
                "    omega = 10000.0 ** (-np.arange(0, D, 2) / D)\n    angle",
                "    omega = np.linspace(1, 1 / 10000, D // 2)\n    angle",
                "The speeds fall by equal steps: each is the one before times the same number, ω_i = 10000^(-2i/D).",
            ),
        ],
    ),
    Exercise(
        "shift",
        lambda rng: [
            (sinusoidal_positions(9, 8)[3], 4),
            (sinusoidal_positions(40, 6)[30], -5),
            (sinusoidal_positions(2, 2)[1], 1),
        ],
        [
            "Take the sines p[0::2] and the cosines p[1::2] apart. By which angle does each hand turn?",
            "Hand i turns by k ω_i. Put it into the two formulas of the docstring, with a the old angle and b the turn.",
            "new sine = sine * np.cos(turn) + cosine * np.sin(turn); new cosine = cosine * np.cos(turn) - sine * np.sin(turn)",
        ],
        [
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = sine * np.cos(turn) - cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) + sine * np.sin(turn)",
                "The hands turn the wrong way: this is position t - k.",
            ),
            Mistake(
                "    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[1::2] = cosine * np.cos(turn) + sine * np.sin(turn)",
                "The cosine has a wrong sign: cos(a + b) = cos a cos b - sin a sin b.",
            ),
            Mistake(
                "turn = k * 10000.0 ** (-np.arange(0, D, 2) / D)",
                "turn = k * np.ones(D // 2)",
                "All hands turned by the same angle: each has its own speed ω_i.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = sine + np.sin(turn)\n    moved[1::2] = cosine + np.cos(turn)",
                "Sines were added to sines: the sine of a sum is not the sum of the sines.",
            ),
            Mistake(
                "    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[1::2] = cosine * np.cos(turn) - moved[0::2] * np.sin(turn)",
                "The cosine was made with the new sine: keep the old one until both are made.",
            ),
            Mistake(
                "    sine, cosine = p[0::2], p[1::2]\n    moved = np.empty(D)\n    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    sine, cosine = p[: D // 2], p[D // 2 :]\n    moved = np.empty(D)\n    moved[: D // 2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[D // 2 :] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "You cut p into two halves: sines and cosines take turns in it, p[0::2] and p[1::2].",
            ),
            Mistake(
                "sine, cosine = p[0::2], p[1::2]",
                "sine, cosine = p[0::2], np.sqrt(1 - p[0::2] ** 2)",
                "From the sine alone (arcsin) nobody can tell in which half the hand stands: use the cosine that p holds too.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = np.sin(turn)\n    moved[1::2] = np.cos(turn)",
                "That is position k: where the hands stood before, p, was not used.",
            ),
            Mistake(
                "turn = k * 10000.0 **",
                "turn = 10000.0 **",
                "k was forgotten: that is one position further on, and not k.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = sine + turn\n    moved[1::2] = cosine + turn",
                "k ω was added to the numbers themselves. It is added to the angle, of which they are the sine and the cosine.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = sine * np.cos(turn)\n    moved[1::2] = cosine * np.cos(turn)",
                "The second products are missing: sin(a + b) = sin a cos b + cos a sin b.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = sine * np.cos(turn) - cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "The sine has a wrong sign: sin(a + b) = sin a cos b + cos a sin b.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = cosine * np.cos(turn) - sine * np.sin(turn)\n    moved[1::2] = sine * np.cos(turn) + cosine * np.sin(turn)",
                "Sine and cosine have changed places in the result: the sine comes first in each pair.",
            ),
            Mistake(
                "sine, cosine = p[0::2], p[1::2]",
                "sine, cosine = p[1::2], p[0::2]",
                "Sine and cosine have changed places in p: the sine comes first in each pair.",
            ),
            Mistake(
                "turn = k * 10000.0 ** (-np.arange(0, D, 2) / D)",
                "turn = 10000.0 ** (-k * np.arange(0, D, 2) / D)",
                "k stands in the exponent: the turn of a hand is k times its ω.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = sine * np.sin(turn) + cosine * np.cos(turn)\n    moved[1::2] = cosine * np.sin(turn) - sine * np.cos(turn)",
                "sin and cos of the turn have changed places: a turn by 0 must change nothing.",
            ),
            Mistake(
                "turn = k * 10000.0 ** (-np.arange(0, D, 2) / D)",
                "turn = k * 10000.0 ** (-np.arange(D // 2) / D)",
                "The exponent of ω is -2i/D, and you took -i/D: the hands slow down too little.",
            ),
            Mistake(
                "sine, cosine = p[0::2], p[1::2]",
                "sine, cosine = np.sin(np.arctan(p[0::2] / p[1::2])), np.cos(np.arctan(p[0::2] / p[1::2]))",
                "arctan knows half of the circle only. np.arctan2(sine, cosine) knows all of it; better still, do without the angle.",
            ),
            Mistake(
                "    return moved",
                "    return np.roll(p, k)",
                "The numbers were moved along by k: they are sines and cosines of angles, and the angles grow by k ω_i.",
            ),
            Mistake(
                "    D = len(p)\n    turn = k *",
                "    D = len(p)\n    k = abs(k)\n    turn = k *",
                "The sign of k was lost: with a negative k the hands turn back.",
            ),
            Mistake(
                "    return moved",
                "    return np.concatenate([moved[0::2], moved[1::2]])",
                "The new numbers are right, all sines first and then all cosines: they take turns, as in p.",
            ),
            Mistake(
                "    return moved",
                "    return k * p",
                "The numbers were multiplied by k: their angles grow by k ω_i.",
            ),
            Mistake(
                "    return moved",
                "    return np.concatenate([moved[:2], p[2:]])",
                "Only the first hand was turned: each pair (p[2i], p[2i + 1]) turns by its own k ω_i.",
            ),
            Mistake(
                "    D = len(p)\n    turn = k *",
                "    D = len(p)\n    turn = np.pi / 180 * k *",
                "The angles were taken for degrees: they are radians, as np.sin and np.cos want them.",
            ),
            Mistake(
                "    D = len(p)\n    turn = k *",
                "    D = len(p)\n    k = max(k, 0)\n    turn = k *",
                "With a negative k nothing was turned: range(k) is empty then. Turn once, by k ω_i.",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved[0::2] = sine * np.cos(turn) + np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - np.sin(turn)",
                "The sine of the turn stands alone in each formula: it is multiplied by the old cosine in one, and by the old sine in the other.",
            ),
            Mistake(
                "sine, cosine = p[0::2], p[1::2]",
                "sine, cosine = p[0], p[1]",
                "All hands were turned from where the first one stood, p[0] and p[1]: hand i stands at p[2i] and p[2i + 1].",
            ),
            Mistake(
                "    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)\n    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)",
                "    moved = p.copy()\n    for i in range(D // 2):\n        one, two = p[i], p[i + 1]\n        moved[i], moved[i + 1] = one * np.cos(turn[i]) + two * np.sin(turn[i]), two * np.cos(turn[i]) - one * np.sin(turn[i])",
                "Hand i was looked for at p[i] and p[i + 1]: it stands at p[2i] and p[2i + 1].",
            ),
            Mistake(
                "    return moved",
                "    return p + sinusoids(k + 1, D)[k]",
                "The numbers of position k were added to those of position t: the angles add up, not their sines. And k may be negative.",
            ),
            Mistake(
                "    return moved",
                "    return sinusoids(k + 1, D)[k]",
                "That is position k, whatever p is: p says where it starts. And k may be negative.",
            ),
        ],
    ),
    Exercise(
        "table_gradient",
        lambda rng: [
            (rng.standard_normal((3, 5, 4)), 7),
            (rng.standard_normal((2, 4, 3)), 4),
            (np.arange(1.0, 7).reshape(2, 3, 1), 4),
        ],
        [
            "Which numbers of y did table[t] reach? Its gradient is the sum of theirs.",
            "Sum over the sentences of the batch, axis 0. Rows from T on stay zero.",
            "dtable = np.zeros((length, D)); dtable[:T] = dy.sum(axis=0), with T and D from dy.shape",
        ],
        [
            Mistake(
                "dy.sum(axis=0)",
                "dy.mean(axis=0)",
                "You took the mean over the batch: each sentence that read the row adds its own gradient.",
            ),
            Mistake(
                "dy.sum(axis=0)",
                "dy[-1]",
                "Assigned, not accumulated: only the last sentence is left. Every sentence read the row.",
            ),
            Mistake(
                "dtable[: dy.shape[1]] = dy.sum(axis=0)",
                "dtable[:] = dy.sum(axis=(0, 1))",
                "You summed over the positions too: now every row gets the same.",
            ),
            Mistake(
                "dtable = np.zeros((length, dy.shape[2]))\n    dtable[: dy.shape[1]] = dy.sum(axis=0)",
                "dtable = dy.sum(axis=0)",
                "The gradient must have a row for every row of the table, also for those that were not read: they are zero.",
            ),
            Mistake(
                "dtable[: dy.shape[1]] = dy.sum(axis=0)",
                "dtable[: dy.shape[0]] = dy.sum(axis=1)",
                "You summed over the words of each sentence, as if row b belonged to sentence b (section 5 of the lesson). Row t belongs to word t.",
            ),
            Mistake(
                "dtable[: dy.shape[1]] = dy.sum(axis=0)",
                "dtable[-dy.shape[1] :] = dy.sum(axis=0)",
                "The gradients stand in the last rows: the T positions that were read are the first ones, rows 0 to T - 1.",
            ),
            Mistake(
                "dy.sum(axis=0)",
                "dy[0]",
                "Only the first sentence was counted: every sentence read the row, and adds its gradient.",
            ),
            Mistake(
                "np.zeros((length, dy.shape[2]))",
                "np.ones((length, dy.shape[2]))",
                "Rows that nobody read are 1: their gradient is 0.",
            ),
            Mistake(
                "dy.sum(axis=0)",
                "dy.sum(axis=0) / dy.shape[1]",
                "You divided by the number of positions: the gradients of a row are added as they are.",
            ),
            Mistake(
                "dy.sum(axis=0)",
                "(dy**2).sum(axis=0)",
                "The gradients were squared: add them as they are.",
            ),
            Mistake(
                "dy.sum(axis=0)",
                "dy.max(axis=0)",
                "You took the largest gradient of the batch: add them all.",
            ),
            Mistake(
                "dy.sum(axis=0)",
                "dy.sum(axis=(0, 2))[:, None]",
                "You also summed over the D numbers: each has a gradient of its own.",
            ),
            Mistake(
                "    dtable[: dy.shape[1]] = dy.sum(axis=0)",
                "    dtable[:] = np.tile(dy.sum(axis=0), (length, 1))[:length]",
                "The rows from T on were filled as well: nobody read them, so they stay zero.",
            ),
            Mistake(
                "dtable[: dy.shape[1]] = dy.sum(axis=0)",
                "dtable[: dy.shape[0]] = dy.sum(axis=0)[: dy.shape[0]]",
                "Only as many rows were filled as there are sentences: dy is (B, T, D), and T is dy.shape[1].",
            ),
            Mistake(
                "    return dtable",
                "    return np.pad(dy.sum(axis=0), (0, length - dy.shape[1]))",
                "np.pad filled up both axes: the rows alone are ((0, more), (0, 0)).",
            ),
            Mistake(
                "dtable[: dy.shape[1]] = dy.sum(axis=0)",
                "dtable[: dy.shape[1] - 1] = dy.sum(axis=0)[:-1]",
                "The last position that was read got nothing: rows 0 to T - 1 are [:T].",
            ),
            Mistake(
                "    return dtable",
                "    return np.tile(dy.sum(axis=0), (length, 1))",
                "All rows were repeated `length` times: the table has `length` rows, of which the first T were read.",
            ),
        ],
    ),
]
