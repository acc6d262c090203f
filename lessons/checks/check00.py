"""Checks of lesson 00."""

import numpy as np

from minillm.course import Exercise, Mistake


def pair(rng: np.random.Generator, *axes: int, t: int, s: int) -> tuple[np.ndarray, np.ndarray]:
    """Two stacks of tables with five numbers in a row."""
    return rng.standard_normal((*axes, t, 5)), rng.standard_normal((*axes, s, 5))


EXERCISES = [
    Exercise(
        "centred",
        lambda rng: [
            (rng.standard_normal((2, 3, 4)),),
            (3 + rng.standard_normal((5, 5)),),
            (np.array([1.0, 2.0, 9.0]),),
            (rng.standard_normal((2, 2, 3, 2)),),
        ],
        [
            "Over which axis is the mean taken? It is the one with the D numbers, wherever there are others before it.",
            "The means must keep their axis, with length 1, to lie below the vectors: keepdims=True.",
            "x - x.mean(axis=-1, keepdims=True)",
        ],
        [
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "x.mean()",
                "One mean of everything was taken: each vector has its own, axis=-1.",
            ),
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "x.mean(axis=-1)",
                "keepdims=True is missing: the means lie below the columns, if they fit at all. A square table hides it.",
            ),
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "x.mean(axis=0, keepdims=True)",
                "The mean went over the first axis: each vector has its own mean, over its D numbers, axis=-1.",
            ),
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "x.mean(axis=1, keepdims=True)",
                "axis=1 is the last axis of a table, and of nothing else: -1 is the last of any array.",
            ),
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "x.mean(axis=-2, keepdims=True)",
                "The mean went over the axis before the last, from vector to vector: -1 is the last.",
            ),
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "x.sum(axis=-1, keepdims=True)",
                "The sum was taken away: the mean is the sum divided by D.",
            ),
            Mistake("x - x.mean", "x.mean", "These are the means, one for each vector: x less its mean is asked for."),
            Mistake(
                "x - x.mean(axis=-1, keepdims=True)",
                "x.mean(axis=-1, keepdims=True) - x",
                "The sign is turned round: x less its mean, not the mean less x.",
            ),
            Mistake("x - x.mean", "x / x.mean", "You divided by the mean: it is taken away."),
            Mistake("x - x.mean", "x + x.mean", "The mean was added: it is taken away."),
            Mistake(
                "x - x.mean(axis=-1, keepdims=True)",
                "(x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)",
                "You also divided by the standard deviation: only the mean goes.",
            ),
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "np.median(x, axis=-1, keepdims=True)",
                "That is the median, the number in the middle: the mean is the sum divided by D.",
            ),
            Mistake(
                "x.mean(axis=-1, keepdims=True)",
                "x[..., :1]",
                "The first number of each vector was taken away: its mean is asked for.",
            ),
        ],
    ),
    Exercise(
        "distances",
        lambda rng: [
            (rng.standard_normal((4, 3)), rng.standard_normal((5, 3))),
            (rng.standard_normal((3, 2)), rng.standard_normal((3, 2))),
            (np.array([[1.0, 2.0]]), np.array([[3.0, 1.0], [0.0, 6.0]])),
        ],
        [
            "Every row of x is to meet every row of y. What shape has an array with the D differences of each such pair?",
            "(N, 1, D) and (1, M, D) make (N, M, D): x[:, None] - y[None]. Then square, and sum over D.",
            "((x[:, None] - y[None]) ** 2).sum(axis=-1)",
        ],
        [
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "np.sqrt((difference * difference).sum(axis=-1))",
                "You took the root: the squared distance is asked for.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "(difference * difference).mean(axis=-1)",
                "That is the mean of the squares: take their sum.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "(difference * difference).sum(axis=0)",
                "The sum went over the rows of x: the axis that goes away is that of the D numbers, axis=-1.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "(difference * difference).sum(axis=1)",
                "The sum went over the rows of y: the axis that goes away is that of the D numbers, axis=-1.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "(difference * difference).sum()",
                "The sum went over everything: axis=-1 sums over the D numbers of each pair.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "difference * difference",
                "The sum over the D numbers is missing: these are the squares, (N, M, D).",
            ),
            Mistake(
                "x[:, None] - y[None]",
                "x[None] - y[:, None]",
                "It is transposed, (M, N): the rows of x belong to the first axis, x[:, None].",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "difference.sum(axis=-1)",
                "The square is missing: differences of both signs cancel out.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "difference.sum(axis=-1) ** 2",
                "The sum was squared: first square each difference, then sum.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "np.abs(difference).sum(axis=-1)",
                "You summed the sizes of the differences: sum their squares.",
            ),
            Mistake(
                "(difference * difference).sum(axis=-1)",
                "(difference * difference).max(axis=-1)",
                "That is the largest of the squares: take their sum.",
            ),
            Mistake(
                "    return (difference * difference).sum(axis=-1)",
                "    return x @ y.T",
                "These are the dot products x yᵀ: a distance is made of differences.",
            ),
            Mistake(
                "x[:, None] - y[None]",
                "x - y",
                "Row i of x met only row i of y, and only where both have as many rows: x[:, None] gives every row of x an axis of its own.",
            ),
            Mistake(
                "x[:, None] - y[None]",
                "x[:, None] + y[None]",
                "The rows were added: subtract them (written out: |x|² - 2 x·y + |y|²).",
            ),
            Mistake(
                "    return (difference * difference).sum(axis=-1)",
                "    return (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)",
                "The term in the middle is missing: |x - y|² = |x|² - 2 x·y + |y|².",
            ),
            Mistake(
                "    return (difference * difference).sum(axis=-1)",
                "    return (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1) - x @ y.T",
                "The 2 is missing: |x - y|² = |x|² - 2 x·y + |y|².",
            ),
            Mistake(
                "    return (difference * difference).sum(axis=-1)",
                "    return (x * x).sum(axis=1) + (y * y).sum(axis=1) - 2 * x @ y.T",
                "The squares of x must be a column, [:, None]: row i of the answer belongs to row i of x.",
            ),
        ],
    ),
    Exercise(
        "similarities",
        lambda rng: [
            pair(rng, 2, t=3, s=6),
            (rng.standard_normal((3, 3, 3)), rng.standard_normal((3, 3, 3))),
            pair(rng, t=4, s=2),
            pair(rng, 2, 3, t=2, s=4),
            (rng.standard_normal((2, 3, 3, 3)), rng.standard_normal((2, 3, 3, 3))),
        ],
        [
            "For one table it is a matrix product that you know. For a stack, @ does it for each pair, if the last two axes fit.",
            "The inner lengths must agree: (T, D) @ (D, S). Which two axes of y change places?",
            "x @ y.swapaxes(-1, -2)",
        ],
        [
            Mistake(
                "y.swapaxes(-1, -2)",
                "y.T",
                ".T turns all axes round, those of the stack too. It is the transpose of a single table: exchange the last two axes.",
            ),
            Mistake(
                "y.swapaxes(-1, -2)",
                "y",
                "The transpose is missing: @ takes columns of its second factor, and the rows of y are meant.",
            ),
            Mistake(
                "y.swapaxes(-1, -2)",
                "y.swapaxes(1, 2)",
                "Axes 1 and 2 are the last two only where there are three: counted from the end they are -1 and -2.",
            ),
            Mistake(
                "y.swapaxes(-1, -2)",
                "y.reshape(*y.shape[:-2], y.shape[-1], y.shape[-2])",
                "reshape gives the shape of a transpose, and leaves the numbers in their order: it is swapaxes that exchanges axes.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "y @ x.swapaxes(-1, -2)",
                "It is transposed, (S, T): row t of the answer belongs to row t of x, so x stands on the left.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "x.swapaxes(-1, -2) @ y",
                "x was transposed in place of y: that multiplies columns with columns, and gives (D, D).",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "np.dot(x, y.swapaxes(-1, -2))",
                "np.dot multiplies every table of x with every table of y, and has more axes in the end: @ keeps to the pairs.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "(x * y).sum(axis=-1)",
                "Row t of x met only row t of y, and only where T = S: a dot product of each with each is a matrix product.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "x * y",
                "* multiplies number by number: the matrix product is @.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "x[..., :, None, :] * y[..., None, :, :]",
                "These are the products, (..., T, S, D): the sum over D is missing.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "x @ y.swapaxes(-1, -2) / np.sqrt(x.shape[-1])",
                "You divided by √D, as attention will in lesson 05: the plain dot products are asked for.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "x @ y.swapaxes(-1, -2) / x.shape[-1]",
                "You divided by D: a dot product is a sum, not a mean.",
            ),
            Mistake(
                "x @ y.swapaxes(-1, -2)",
                "(x[..., :, None, :] - y[..., None, :, :]).sum(axis=-1)",
                "Differences were summed: a dot product is a sum of products.",
            ),
        ],
    ),
]
