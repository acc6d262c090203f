"""Checks of lesson 08."""

import numpy as np

from minillm.course import Exercise, Mistake


def texts(rng: np.random.Generator, B: int, T: int, V: int) -> tuple[np.ndarray, ...]:
    """Logits for B texts of different lengths, none of which fills all T positions."""
    return 2 * rng.standard_normal((B, T, V)), rng.integers(1, T, B), rng.random(B)


def head(rng: np.random.Generator, N: int, D: int, V: int, eps: float) -> tuple:
    x = rng.standard_normal((N, D)) * rng.uniform(0.3, 3, (N, 1)) + 0.7
    return rng.standard_normal((N, V)), x, rng.uniform(0.5, 2, D), rng.standard_normal((V, D)), eps


EXERCISES = [
    Exercise(
        "count_parameters",
        lambda rng: [
            (3, 2, 1, 1, 1, True),
            (63, 65, 64, 2, 256, True),
            (63, 65, 64, 2, 256, False),
            (7, 5, 3, 4, 11, True),
            (50257, 1024, 768, 12, 3072, False),
        ],
        [
            "Go up the picture of section 1, box by box. What shape has each weight? `fresh` in the lesson lists them.",
            "A block has four D × D matrices, two of D × F, and two norms with γ and β. Which tables stand outside the blocks, and which norm?",
            "V * D + T * D + L * (4 * D * D + 2 * D * F + 4 * D) + 2 * D, and V * D more where the head is not tied",
        ],
        [
            Mistake("V * D + T * D +", "V * D +", "The table of positions is missing: T rows of D numbers."),
            Mistake("V * D + T * D +", "T * D +", "The embedding is missing: V rows of D numbers."),
            Mistake("last_norm = 2 * D", "last_norm = 0", "The last norm, above the blocks, is missing: 2 D numbers."),
            Mistake(
                "last_norm = 2 * D",
                "last_norm = 2 * D * L",
                "The last norm was counted once a block: it stands once, above them all.",
            ),
            Mistake(
                "head = 0 if tied else V * D",
                "head = V * D",
                "The head was counted although it is tied: then it is the embedding table, which is counted already.",
            ),
            Mistake(
                "head = 0 if tied else V * D",
                "head = 0",
                "The head was never counted: where it is not tied, it has V × D numbers of its own.",
            ),
            Mistake(
                "head = 0 if tied else V * D",
                "head = V * D if tied else 0",
                "It is the other way round: a tied head is the embedding table and costs nothing, an untied one costs V × D.",
            ),
            Mistake(
                "attention = 4 * D * D",
                "attention = 3 * D * D",
                "The output matrix W_o is missing: attention has four, for queries, keys, values, and for what the heads brought.",
            ),
            Mistake(
                "attention = 4 * D * D",
                "attention = D * D",
                "Attention has four D × D matrices: W_q, W_k, W_v and W_o.",
            ),
            Mistake(
                "feed_forward = 2 * D * F",
                "feed_forward = D * F",
                "The feed-forward network has two matrices, D × F up and F × D down: only one was counted.",
            ),
            Mistake(
                "norms = 2 * 2 * D",
                "norms = 2 * D",
                "A block's two norms have γ and β each: 4 D numbers, and you counted 2 D.",
            ),
            Mistake("norms = 2 * 2 * D", "norms = 0", "The norms of the blocks are missing: γ and β, twice a block."),
            Mistake(
                "L * (attention + feed_forward + norms)",
                "(attention + feed_forward + norms)",
                "Only one block was counted: each of the L has weights of its own.",
            ),
            Mistake(
                "V * D + T * D +",
                "V * D + T * T +",
                "T × T is the size of the attention weights, which are computed and not learned. The table of positions is T × D.",
            ),
            Mistake(
                "    attention = 4 * D * D\n    feed_forward = 2 * D * F",
                "    attention = 4 * D * D + 4 * D\n    feed_forward = 2 * D * F + F + D",
                "There are biases in your count: this GPT has none, only the γ and β of its norms.",
            ),
            Mistake(
                "feed_forward = 2 * D * F",
                "feed_forward = 8 * D * D",
                "F is given: you took it for 4 D.",
            ),
            Mistake(
                "    norms = 2 * 2 * D\n    last_norm = 2 * D",
                "    norms = 2 * D\n    last_norm = D",
                "Each norm has a γ and a β, so 2 D numbers: you counted one of them.",
            ),
            Mistake(
                "return V * D + T * D + L * (attention + feed_forward + norms) + last_norm + head",
                "return L * (V * D + T * D + attention + feed_forward + norms + last_norm) + head",
                "Only the blocks stand there L times: the embedding, the positions and the last norm are there once.",
            ),
        ],
    ),
    Exercise(
        "next_words",
        lambda rng: [
            (np.log([[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]]), np.array([2]), np.array([0.25])),
            texts(rng, 6, 4, 5),
            texts(rng, 9, 7, 3),
            (
                np.array([[[1000.0, 999, 0], [0, 0, 0]], [[-1000, 0, 1], [0, 0, 0]]]),
                np.array([1, 1]),
                np.array([0.9, 0.8]),
            ),
            (np.zeros((1, 2, 10)), np.array([1]), np.array([1 - 2**-53])),
            (np.zeros((1, 1, 2)), np.array([1]), np.array([0.5])),  # exactly the border of two words
        ],
        [
            "Which position knows all of text b, and none of its padding? One row of logits for each text: (B, V).",
            "logits[np.arange(B), lengths - 1]; then softmax over the words, np.cumsum over the words, and count the words that end at u or before.",
            "np.minimum((np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1), V - 1)",
        ],
        [
            Mistake(
                "lengths - 1]",
                "lengths]",
                "You read one position too far: position lengths[b] holds padding. The last real token stands at lengths[b] - 1.",
            ),
            Mistake(
                "lengths - 1]",
                "-1]",
                "You read the last column for every text: a shorter text has padding there. Each text has its own last position.",
            ),
            Mistake(
                "lengths - 1]",
                "lengths - 2]",
                "You read one position too early: that row is about the last token of the text, which is known. The row at the last token is about the next.",
            ),
            Mistake("lengths - 1]", "0]", "You read the first position of every text: it has seen one token."),
            Mistake(
                "rows = logits[np.arange(len(logits)), lengths - 1]",
                "rows = np.stack([logits[b, : lengths[b]].mean(axis=0) for b in range(len(logits))])",
                "You took the mean over the positions: the last real one alone is about the next word.",
            ),
            Mistake(
                "np.minimum((ends <= u[:, None]).sum(axis=1), rows.shape[1] - 1)",
                "p.argmax(axis=1)",
                "That is the likeliest word, whatever u is: draw.",
            ),
            Mistake(
                "ends = np.cumsum(p, axis=1)",
                "ends = np.cumsum(rows, axis=1)",
                "There is no softmax: the logits are not lengths on a line from 0 to 1.",
            ),
            Mistake(
                "p = e / e.sum(axis=1, keepdims=True)",
                "p = e / e.sum(axis=0, keepdims=True)",
                "The softmax runs over the texts: the words of each text sum to one.",
            ),
            Mistake(
                "p = e / e.sum(axis=1, keepdims=True)",
                "p = e",
                "The exponentials were not divided by their sum: the line is longer than 1.",
            ),
            Mistake(
                "np.exp(rows - rows.max(axis=1, keepdims=True))",
                "np.exp(rows)",
                "Large logits overflow: exp(1000) is infinite. Subtract each row's largest first.",
            ),
            Mistake(
                "(ends <= u[:, None])",
                "(p <= u[:, None])",
                "You compared u with the width of each word: a word ends where the widths up to it, added up, end.",
            ),
            Mistake(
                "np.minimum((ends <= u[:, None]).sum(axis=1), rows.shape[1] - 1)",
                "(ends <= u[:, None]).sum(axis=1)",
                "Right but for rounding: where the line ends a little below u, you return V, and there is no such word.",
            ),
            Mistake(
                "(ends <= u[:, None]).sum(axis=1)",
                "(ends > u[:, None]).sum(axis=1)",
                "You counted the words that end beyond u: the number of the word is how many end before it.",
            ),
            Mistake(
                "return np.minimum((ends <= u[:, None]).sum(axis=1), rows.shape[1] - 1)",
                "return (ends > u[:, None]).argmax(axis=1)",
                "Right but for rounding: where u lies behind the last end, no comparison is true, and argmax of that is 0. Then it is the last word.",
            ),
            Mistake(
                "(ends <= u[:, None])",
                "(ends < u[:, None])",
                "Almost: where u is exactly the border of two words, it belongs to the word on its right, <=.",
            ),
            Mistake(
                "(ends <= u[:, None])",
                "(ends <= 1 - u[:, None])",
                "u was measured from the right end of the line: word 0 lies first, at 0.",
            ),
            Mistake(
                "(ends <= u[:, None])",
                "(ends <= u[0])",
                "All texts were drawn with the first u: text b has u[b], as a column u[:, None].",
            ),
            Mistake(
                "    ends = np.cumsum(p, axis=1)",
                "    ends = np.cumsum(np.sort(p, axis=1)[:, ::-1], axis=1)",
                "The probabilities were sorted first: then the place on the line is no word's number any more.",
            ),
        ],
    ),
    Exercise(
        "rms_head_backward",
        lambda rng: [head(rng, 1, 2, 3, 0.0), head(rng, 5, 4, 7, 0.1), head(rng, 6, 5, 5, 1e-5)],
        [
            "From the top: logits = y Eᵀ gives dE and dy. y = γ x̂ gives dgamma and the gradient that reaches x̂, g = γ dy.",
            "x reaches x̂ in two ways: directly, and through the root. In LayerNorm's dx, which of the three terms was the mean's?",
            "dx = scale * (g - xhat * (g * xhat).mean(axis=1, keepdims=True)), and dE = dlogits.T @ (gamma * xhat)",
        ],
        [
            Mistake(
                "scale * (g - xhat * (g * xhat)",
                "scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat)",
                "That is LayerNorm's dx: here no mean was subtracted, so the term mean(g) isn't there.",
            ),
            Mistake(
                "dx = scale * (g - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = scale * g",
                "The scale was taken for a constant: it depends on every number of the row, and takes away the part of g along x̂.",
            ),
            Mistake(
                "dx = scale * (g - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "dx = g - xhat * (g * xhat).mean(axis=1, keepdims=True)",
                "The scale is missing in dx: x̂ is x times scale.",
            ),
            Mistake(
                "(g * xhat).mean(axis=1, keepdims=True)",
                "(g * xhat).sum(axis=1, keepdims=True)",
                "There is a sum in dx where a mean belongs: the root holds the mean of the squares.",
            ),
            Mistake(
                "(g * xhat).mean(axis=1, keepdims=True)",
                "(g * xhat).mean()",
                "The mean in dx was taken of the whole array: each row has its own.",
            ),
            Mistake(
                "xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "x * (g * xhat).mean(axis=1, keepdims=True))",
                "The last term of dx has x in front where x̂ belongs.",
            ),
            Mistake(
                "g = gamma * dy", "g = dy", "Gamma was forgotten on the way to x: the gradient that reaches x̂ is γ dy."
            ),
            Mistake(
                "dlogits.T @ (gamma * xhat)",
                "dlogits.T @ xhat",
                "dE was made of x̂: what the head read is y = γ x̂.",
            ),
            Mistake("dlogits.T @ (gamma * xhat)", "dlogits.T @ x", "dE was made of x: what the head read is y = γ x̂."),
            Mistake(
                "dgamma = (dy * xhat).sum(axis=0)",
                "dgamma = (gamma * dy * xhat).sum(axis=0)",
                "dgamma was made of γ dy. Gamma multiplied x̂: its gradient is dy x̂.",
            ),
            Mistake(
                "dgamma = (dy * xhat).sum(axis=0)",
                "dgamma = (dy * x).sum(axis=0)",
                "dgamma was made of x: gamma multiplied x̂.",
            ),
            Mistake(
                "dgamma = (dy * xhat).sum(axis=0)",
                "dgamma = (dy * xhat).mean(axis=0)",
                "dgamma is a mean over the rows: every row adds its own, so it is their sum.",
            ),
            Mistake(
                "(x * x).mean(axis=1, keepdims=True) + eps)",
                "(x * x).mean(axis=1, keepdims=True))",
                "ε was forgotten: it stands beside the mean of the squares, inside the root.",
            ),
            Mistake(
                "(x * x).mean(axis=1, keepdims=True) + eps)",
                "x.var(axis=1, keepdims=True) + eps)",
                "You divided by the root of the variance, as LayerNorm does: RMSNorm subtracts no mean, and takes the mean of x².",
            ),
            Mistake(
                "    dx = scale * (g - xhat * (g * xhat).mean(axis=1, keepdims=True))",
                "    dx = gamma * scale * (dy - xhat * (dy * xhat).mean(axis=1, keepdims=True))",
                "γ came in at the end of dx: the mean is taken of g x̂ with g = γ dy, and γ can't be drawn out of it.",
            ),
        ],
        outputs=("dx", "dgamma", "dE"),
    ),
]
