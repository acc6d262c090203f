"""Checks of lesson 07."""

import numpy as np

from minillm.course import Exercise, Mistake


def rows(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Rows of different size and place: a LayerNorm along the wrong axis shows."""
    return rng.standard_normal((n, d)) * rng.uniform(0.5, 3, (n, 1)) + rng.standard_normal((n, 1))


EXERCISES = [
    Exercise(
        "layer_norm",
        lambda rng: [
            (rows(rng, 5, 7), rng.uniform(0.5, 2, 7), rng.standard_normal(7), 0.1),
            (rows(rng, 3, 4), np.ones(4), np.zeros(4), 1e-5),
            (np.ones((2, 4)), np.ones(4), np.zeros(4), 1e-5),
            (np.array([[1.0, 2, 6]]), np.array([1.0, 2, 1]), np.array([0.0, 0, 5]), 0.5),
        ],
        [
            "First the mean of each row, then the variance of each row. keepdims=True keeps them as columns beside the rows.",
            "ε stands inside the root: √(variance + ε).",
            "xhat = (x - mean) / np.sqrt(variance + eps), then gamma * xhat + beta",
        ],
        [
            Mistake(
                "np.sqrt(variance + eps)",
                "(np.sqrt(variance) + eps)",
                "Your epsilon is outside the square root: √variance + ε in place of √(variance + ε).",
            ),
            Mistake(
                "np.sqrt(variance + eps)",
                "np.sqrt(variance)",
                "Epsilon was left out: a row of equal numbers becomes 0 / 0.",
            ),
            Mistake(
                "np.sqrt(variance + eps)", "(variance + eps)", "You divided by the variance, not by its square root."
            ),
            Mistake(
                "((x - mean) ** 2).mean(axis=1, keepdims=True)\n    xhat",
                "((x - mean) ** 2).sum(axis=1, keepdims=True) / (x.shape[1] - 1)\n    xhat",
                "You divided by D - 1: the variance here is the plain mean of the squares.",
            ),
            Mistake(
                "    mean = x.mean(axis=1, keepdims=True)\n    variance = ((x - mean) ** 2).mean(axis=1, keepdims=True)",
                "    mean = x.mean(axis=0, keepdims=True)\n    variance = ((x - mean) ** 2).mean(axis=0, keepdims=True)",
                "You normalised the columns: each row, one word, has a mean and a variance of its own.",
            ),
            Mistake(
                "gamma * xhat + beta",
                "gamma * (xhat + beta)",
                "Beta was multiplied by gamma: it is added at the very end.",
            ),
            Mistake(
                "xhat = (x - mean) / np.sqrt",
                "xhat = x / np.sqrt",
                "The mean was not subtracted from x.",
            ),
            Mistake(
                "gamma * xhat + beta",
                "gamma * xhat",
                "Beta is missing: it is added at the very end.",
            ),
            Mistake(
                "((x - mean) ** 2).mean(axis=1, keepdims=True)\n    xhat",
                "((x - mean) ** 2).sum(axis=1, keepdims=True)\n    xhat",
                "The variance is the mean of the squares, and you took their sum.",
            ),
            Mistake(
                "    mean = x.mean(axis=1, keepdims=True)\n    variance = ((x - mean) ** 2).mean(axis=1, keepdims=True)",
                "    mean = x.mean()\n    variance = ((x - mean) ** 2).mean()",
                "Mean and variance were taken of the whole array: each row, one word, has its own.",
            ),
            Mistake(
                "    variance = ((x - mean) ** 2).mean(axis=1, keepdims=True)\n    xhat = (x - mean)",
                "    variance = (x**2).mean(axis=1, keepdims=True)\n    xhat = x",
                "That is RMSNorm: neither the numbers nor their squares had the mean taken away first.",
            ),
            Mistake(
                "((x - mean) ** 2).mean(axis=1, keepdims=True)\n    xhat",
                "(x**2).mean(axis=1, keepdims=True)\n    xhat",
                "The squares are of x itself: the variance is the mean of (x - mean)².",
            ),
            Mistake(
                "np.sqrt(variance + eps)",
                "np.sqrt(variance + 1e-5)",
                "ε is a fixed number in your code: take the argument `eps`.",
            ),
            Mistake(
                "np.sqrt(variance + eps)",
                "np.sqrt(variance + eps**2)",
                "ε was squared: √(variance + ε).",
            ),
            Mistake(
                "gamma * xhat + beta",
                "xhat + beta",
                "γ is missing: each number of a row is multiplied by its own.",
            ),
            Mistake(
                "gamma * xhat + beta",
                "xhat",
                "γ and β are missing: y = γ x̂ + β.",
            ),
            Mistake(
                "gamma * xhat + beta",
                "beta * xhat + gamma",
                "γ and β are exchanged: γ multiplies, β is added.",
            ),
            Mistake(
                "gamma * xhat + beta",
                "gamma + xhat + beta",
                "γ was added: it multiplies x̂.",
            ),
            Mistake(
                "xhat = (x - mean) / np.sqrt",
                "xhat = (x - mean) * np.sqrt",
                "You multiplied by the root: divide.",
            ),
            Mistake(
                "((x - mean) ** 2).mean(axis=1, keepdims=True)\n    xhat",
                "np.abs(x - mean).mean(axis=1, keepdims=True) ** 2\n    xhat",
                "That is the mean of the distances, squared: the variance is the mean of the squared distances.",
            ),
            Mistake(
                "xhat = (x - mean) / np.sqrt(variance + eps)",
                "xhat = x - mean",
                "The rows were not divided by √(variance + ε).",
            ),
            Mistake(
                "np.sqrt(variance + eps)",
                "np.sqrt(np.sqrt(variance) + eps)",
                "The root was taken twice: x.std is a root already, and √(variance + ε) wants the variance.",
            ),
            Mistake(
                "xhat = (x - mean) / np.sqrt(variance + eps)",
                "xhat = x - mean / np.sqrt(variance + eps)",
                "The brackets: x - mean / √... divides the mean alone. (x - mean) / √(variance + ε).",
            ),
            Mistake(
                "gamma * xhat + beta",
                "gamma[: len(x), None] * xhat + beta[: len(x), None]",
                "gamma and beta were laid along the rows, a number for each word: they have a number for each of the D columns.",
            ),
            Mistake(
                "gamma * xhat + beta",
                "gamma * xhat + beta / np.sqrt(variance + eps)",
                "β was divided by the root too: it is added after the division. Mind the brackets.",
            ),
            Mistake(
                "    xhat = (x - mean) / np.sqrt",
                "    mean = x.mean()\n    xhat = (x - mean) / np.sqrt",
                "The mean is that of everything: each row has its own, as it has its own variance.",
            ),
            Mistake(
                "    xhat = (x - mean) / np.sqrt(variance + eps)\n    return gamma * xhat + beta",
                "    low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)\n    return gamma * (x - low) / (high - low) + beta",
                "Each row was stretched from its smallest to its largest number: take its mean away, and divide by √(variance + ε).",
            ),
            Mistake(
                "    xhat = (x - mean) / np.sqrt",
                "    mean = x.mean(axis=0, keepdims=True)\n    xhat = (x - mean) / np.sqrt",
                "The mean is that of the columns: each row has its own, as it has its own variance.",
            ),
            Mistake(
                "    mean = x.mean(axis=1, keepdims=True)\n    variance",
                "    x, gamma, beta = gamma * x + beta, 1, 0\n    mean = x.mean(axis=1, keepdims=True)\n    variance",
                "γ and β came first, and the norm took most of them away again: normalise, then scale and shift.",
            ),
            Mistake(
                "    xhat = (x - mean) / np.sqrt(variance + eps)",
                "    xhat = (x - mean) / (np.linalg.norm(x - mean, axis=1, keepdims=True) + eps)",
                "You divided by the length of the row: the variance is a mean of squares, so the root of it is that length divided by √D.",
            ),
            Mistake(
                "    xhat = (x - mean) / np.sqrt",
                "    mean = np.median(x, axis=1, keepdims=True)\n    xhat = (x - mean) / np.sqrt",
                "The median was taken away: it is the mean.",
            ),
        ],
    ),
    Exercise(
        "layer_norm_backward",
        lambda rng: [
            (rng.standard_normal((5, 7)), rows(rng, 5, 7), rng.uniform(0.5, 2, 7), 0.1),
            (rng.standard_normal((3, 4)), rows(rng, 3, 4), rng.uniform(0.5, 2, 4), 1e-5),
            (np.array([[1.0, 0, 3]]), np.array([[1.0, 2, 6]]), np.array([1.0, 2, 1]), 0.5),
        ],
        [
            "Compute mean, scale and x̂ anew, as in the forward pass. Then g = gamma * dy.",
            "Two things are taken away from g: its mean over the row, and x̂ times the mean of g x̂ over the row.",
            "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True)); dgamma = (dy * xhat).sum(axis=0)",
        ],
        [
            Mistake(
                " - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                ")",
                "The variance path is missing in dx, or it is zero: it is x̂ times mean(g x̂), the mean of the products. (Upstream ones would not have shown it.)",
            ),
            Mistake(
                "(g - g.mean(axis=1, keepdims=True) - xhat",
                "(g - xhat",
                "The mean path is missing in dx: to raise every number of a row changes nothing.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * g",
                "Mean and variance were taken for constants: both depend on x, and each takes a part of the gradient away.",
            ),
            Mistake(
                "g = gamma * dy", "g = dy", "Gamma was forgotten on the way to x: the gradient that reaches x̂ is γ dy."
            ),
            Mistake("(dy * xhat).sum(axis=0)", "(dy * x).sum(axis=0)", "dgamma was made with x: gamma multiplied x̂."),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "(dy * xhat).mean(axis=0), dy.mean(axis=0)",
                "dgamma and dbeta are means over the rows: every row adds its own, so they are sums.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "The scale is missing in dx: x̂ is (x - mean) times scale.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.sum(axis=1, keepdims=True) - xhat * (g * xhat).sum(axis=1, keepdims=True))",
                "There are sums in dx where means belong.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean() - xhat * (g * xhat).mean())",
                "The means in dx were taken of the whole array: each row has its own.",
            ),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "(g * xhat).sum(axis=0), g.sum(axis=0)",
                "dgamma and dbeta were made from g = γ dy. Only x̂ was multiplied by γ: take dy itself.",
            ),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "dy.sum(axis=0), (dy * xhat).sum(axis=0)",
                "dgamma and dbeta are exchanged.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + eps) * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx is multiplied by √(variance + ε): scale is one over that.",
            ),
            Mistake(
                "scale = 1 / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + eps)",
                "scale = 1 / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True))",
                "ε was forgotten in the scale: it is 1 / √(variance + ε), as in the forward pass.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean(axis=1, keepdims=True) + xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "The variance path has the wrong sign in dx: both means are taken away from g.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g + g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "The mean path has the wrong sign in dx: both means are taken away from g.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - (g * xhat).mean(axis=1, keepdims=True))",
                "x̂ is missing in front of the last mean of dx: x̂ · mean(g x̂).",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean(axis=0, keepdims=True) - xhat * (g * xhat).mean(axis=0, keepdims=True))",
                "The means in dx were taken over the columns: over each row, axis=1.",
            ),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "(g * xhat).sum(axis=0), dy.sum(axis=0)",
                "dgamma was made from g = γ dy. γ multiplied x̂ alone: take dy itself.",
            ),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "(dy * xhat).sum(axis=0), g.sum(axis=0)",
                "dbeta was made from g = γ dy. β was added behind γ: take dy itself.",
            ),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "(dy * xhat).sum(axis=1), dy.sum(axis=1)",
                "dgamma and dbeta were summed over each row: γ_i was read by every row, so over axis 0.",
            ),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "dy * xhat, dy",
                "dgamma and dbeta are not summed: every row read the same γ and β, and adds its gradient.",
            ),
            Mistake(
                "(dy * xhat).sum(axis=0), dy.sum(axis=0)",
                "(dy * (x - mean)).sum(axis=0), dy.sum(axis=0)",
                "dgamma was made with x - mean: γ multiplied x̂, which is that times scale.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * x).mean(axis=1, keepdims=True))",
                "The last mean of dx holds x: it is mean(g x̂).",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * g.mean(axis=1, keepdims=True))",
                "The last mean of dx holds g alone: it is mean(g x̂), the mean of the products.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "The first mean of dx was taken over the columns: over each row, axis=1.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale**3 * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "The scale came in three times in dx: once is enough, since x̂ holds the others.",
            ),
            Mistake(
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * (g - g.mean(axis=1, keepdims=True) - (x - mean) * (g * xhat).mean(axis=1, keepdims=True))",
                "x - mean stands in the last part of dx where x̂ belongs.",
            ),
            Mistake(
                "    g = gamma * dy\n    dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "    g = gamma * dy\n    dx = gamma * scale * (dy - dy.mean(axis=1, keepdims=True) - xhat * (dy * xhat).mean(axis=1, keepdims=True))",
                "γ came in at the end of dx: the means are taken of g = γ dy, and the means of γ dy are not γ times those of dy.",
            ),
            Mistake(
                "    dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "    dx = scale * scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx carries the scale twice: scale = 1 / √(variance + ε), with the root.",
            ),
            Mistake(
                "    dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "    dx = scale * (g - g.mean(axis=1, keepdims=True) - scale * xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "The third term of dx carries the scale once too often: it stands in front of all three.",
            ),
            Mistake(
                "    dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "    dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * xhat * g.mean(axis=1, keepdims=True))",
                "In the third term of dx, one x̂ belongs into the mean: x̂ times the mean of g x̂.",
            ),
            Mistake(
                "    dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "    dx = gamma * scale * (x.shape[1] * dy - dy.sum(axis=1, keepdims=True) - xhat * (dy * xhat).sum(axis=1, keepdims=True))",
                "dx is D times too large, and γ came in at its end: the means are taken of g = γ dy.",
            ),
        ],
        outputs=("dx", "dgamma", "dbeta"),
    ),
    Exercise(
        "split_heads",
        lambda rng: [
            (np.arange(12.0).reshape(2, 6), 3),
            (rng.standard_normal((5, 8)), 4),
            (rng.standard_normal((4, 4)), 2),
        ],
        [
            "Two steps: first cut the last axis in two, (T, H, K), then bring the heads to the front.",
            "reshape keeps the order of the numbers in memory; transpose exchanges axes. You need both.",
            "x.reshape(T, H, D // H).transpose(1, 0, 2)",
        ],
        [
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.reshape(H, T, D // H)",
                "reshape alone mixes words and heads: it keeps the numbers in their order. First cut, (T, H, K), then exchange axes.",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.reshape(T, H, D // H)",
                "The heads are cut, but the words still come first: exchange the first two axes.",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.reshape(T, D // H, H).transpose(2, 0, 1)",
                "Each head got every H-th number: head 0 should have the first K side by side.",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.reshape(T, H, D // H).transpose(1, 2, 0)",
                "Words and numbers have changed places within each head: (H, T, K), not (H, K, T).",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.reshape(D // H, T, H).transpose(2, 1, 0)",
                "reshape keeps the numbers in their order, and a row of x is a word: its first axis must stay, (T, H, K).",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.T.reshape(H, T, D // H)",
                "x was transposed first, and then cut in the wrong order: words and numbers are mixed.",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.reshape(T, H, D // H).transpose(1, 0, 2)[::-1]",
                "The heads come in reversed order: head 0 has the first K numbers.",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "np.stack([x] * H)",
                "Every head got all of the numbers: each gets D/H of them.",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "x.reshape(T, H, D // H).transpose(2, 0, 1)",
                "The last axis came to the front: the heads are the axis in the middle, transpose(1, 0, 2).",
            ),
            Mistake(
                "x.reshape(T, H, D // H).transpose(1, 0, 2)",
                "np.stack([x[:, h : h + D // H] for h in range(H)])",
                "The heads overlap: head h begins at column h K, not at h.",
            ),
            Mistake(
                "x.reshape(T, H, D // H)",
                "x[:, ::-1].reshape(T, H, D // H)",
                "The numbers of each word were turned round before they were cut.",
            ),
        ],
    ),
]
