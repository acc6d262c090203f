"""Checks of lesson 05."""

import numpy as np

from minillm.course import Exercise, Mistake


def qkv(rng: np.random.Generator, t: int, s: int, k: int, m: int) -> tuple[np.ndarray, ...]:
    """Queries, keys and values of order one: far from saturation, so that every mistake shows."""
    return rng.standard_normal((t, k)), rng.standard_normal((s, k)), rng.standard_normal((s, m))


SHORT = np.array([[1.0, 0.5]]), np.array([[2.0, 1.0], [0.0, -1.0]]), np.array([[3.0], [5.0]])  # q, k and v

EXERCISES = [
    Exercise(
        "causal_weights",
        lambda rng: [
            (rng.standard_normal((7, 7)),),
            (2 * rng.standard_normal((4, 4)),),
            (np.array([[1.5]]),),
            (np.array([[0.0, 1000.0], [0.0, 1.0]]),),
        ],
        [
            "Which score gives the weight zero after the softmax? What must stand there before it?",
            "np.tri(T, dtype=bool) is True on and below the diagonal. np.where(allowed, scores, -np.inf) keeps the others out.",
            "softmax(np.where(np.tri(len(scores), dtype=bool), scores, -np.inf))",
        ],
        [
            Mistake(
                "softmax(np.where(allowed, scores, -np.inf))",
                "softmax(scores) * allowed",
                "The mask came after the softmax: the allowed weights no longer sum to one, because the forbidden words took their share.",
            ),
            Mistake(
                "np.where(allowed, scores, -np.inf)",
                "np.where(allowed, scores, 0)",
                "Forbidden scores became 0 (or nearly, such as -1e-9), and exp(0) = 1: they still get weight. What score gets none?",
            ),
            Mistake(
                "np.tri(len(scores), dtype=bool)",
                "np.tri(len(scores), k=-1, dtype=bool)",
                "The diagonal is excluded: a word may look at itself. The first word now has nothing to look at, and its row is NaN.",
            ),
            Mistake(
                "np.tri(len(scores), dtype=bool)",
                "np.tri(len(scores), dtype=bool).T",
                "The mask is turned round: each word sees the future and not the past. Rows look, columns are looked at.",
            ),
            Mistake(
                "softmax(np.where(allowed, scores, -np.inf))",
                "softmax(np.where(allowed, scores, -np.inf).T).T",
                "Softmax over the wrong axis: the columns sum to one, not the rows.",
            ),
            Mistake(
                "softmax(np.where(allowed, scores, -np.inf))",
                "softmax(scores)",
                "There is no mask: every word sees the words after it.",
            ),
            Mistake(
                "softmax(np.where(allowed, scores, -np.inf))",
                "np.where(allowed, scores, -np.inf)",
                "These are still scores: the softmax is missing.",
            ),
            Mistake(
                "np.where(allowed, scores, -np.inf)",
                "np.where(allowed, -np.inf, scores)",
                "np.where(condition, a, b) takes a where the condition is true: a and b are exchanged, and what is allowed was forbidden.",
            ),
            Mistake(
                "np.tri(len(scores), dtype=bool)",
                "np.tri(len(scores), k=1, dtype=bool)",
                "Each word sees one word ahead: np.tri(T, k=1) includes the first diagonal above the main one. Take np.tri(T).",
            ),
            Mistake(
                "softmax(np.where(allowed, scores, -np.inf))",
                "softmax(scores) * allowed / (softmax(scores) * allowed).sum(axis=1, keepdims=True)",
                "The mask came after the softmax, and the rows were divided by their sums: where the future had all the weight, 0 / 0 is left. Mask the scores.",
            ),
            Mistake(
                "np.where(allowed, scores, -np.inf)",
                "scores + (1 - allowed) * -np.inf",
                "0 times infinity is NaN: the scores that are allowed got 0 * -inf. np.where chooses, and multiplies nothing.",
            ),
            Mistake(
                "np.where(allowed, scores, -np.inf)",
                "np.where(allowed, scores, np.inf)",
                "Forbidden scores became +inf: they take all the weight, and inf / inf is NaN. It is -inf.",
            ),
            Mistake(
                "np.where(allowed, scores, -np.inf)",
                "scores * np.where(allowed, 1, -np.inf)",
                "The scores were multiplied by -inf: a negative one becomes +inf. Put -inf in their place.",
            ),
            Mistake(
                "    allowed = np.tri(len(scores), dtype=bool)",
                "    allowed = np.eye(len(scores), dtype=bool)",
                "Each word sees itself alone: it may look at all words before it too.",
            ),
            Mistake(
                "np.where(allowed, scores, -np.inf)",
                "np.where(allowed, scores, scores + 1e9)",
                "Forbidden scores were raised, so that they take all the weight: the sign of what is added must be minus.",
            ),
            Mistake(
                "np.where(allowed, scores, -np.inf)",
                "np.where(allowed, scores, scores - 10)",
                "Forbidden scores were only lowered a little: where one is large it still takes all the weight. Minus infinity forbids.",
            ),
            Mistake(
                "    return softmax(np.where(allowed, scores, -np.inf))",
                "    return allowed / allowed.sum(axis=1, keepdims=True)",
                "The weights are all alike in a row: the scores were not used.",
            ),
            Mistake(
                "allowed = np.tri(len(scores), dtype=bool)",
                "allowed = np.tri(len(scores), dtype=bool) & ~np.tri(len(scores), k=-2, dtype=bool)",
                "Each word sees itself and the one before it: it may look at all words before it.",
            ),
            Mistake(
                "softmax(np.where(allowed, scores, -np.inf))",
                "softmax(np.where(allowed, scores / math.sqrt(len(scores)), -np.inf))",
                "The scores were divided by √T: they are scaled already, and only the mask and the softmax are left to do.",
            ),
        ],
    ),
    Exercise(
        "self_attention",
        lambda rng: [qkv(rng, 5, 5, 8, 4), qkv(rng, 3, 6, 4, 2), qkv(rng, 1, 2, 9, 3), SHORT],
        [
            "Three steps: scores (T, S), weights (T, S), output (T, M). Check the shape after each.",
            "The scores are all dot products of a query with a key: q @ k.T. Divide by the square root of the width K of a key.",
            "softmax(q @ k.T / math.sqrt(q.shape[1])) @ v",
        ],
        [
            Mistake(
                "/ math.sqrt(q.shape[1])",
                "",
                "√K was forgotten: large dot products make the softmax too sure of itself.",
            ),
            Mistake(
                "/ math.sqrt(q.shape[1])",
                "/ q.shape[1]",
                "You divided by K, not by its square root: the weights become too even.",
            ),
            Mistake("/ math.sqrt(q.shape[1])", "* math.sqrt(q.shape[1])", "You multiplied by √K: divide."),
            Mistake(
                "/ math.sqrt(q.shape[1])",
                "/ math.sqrt(len(k))",
                "You divided by the root of the number of keys. It is the width of a key that makes dot products large.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "softmax(scores.T).T @ v",
                "Softmax over the wrong axis: the weights of each query must sum to one.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "scores @ v",
                "There is no softmax: these weights may be negative, and do not sum to one.",
            ),
            Mistake(
                "/ math.sqrt(q.shape[1])",
                "/ math.sqrt(len(q))",
                "You divided by the root of the number of queries. It is the width of a query that makes dot products large.",
            ),
            Mistake(
                "/ math.sqrt(q.shape[1])",
                "/ math.sqrt(v.shape[1])",
                "You divided by the root of the width of a value: K is the width of queries and keys.",
            ),
            Mistake(
                "scores = q @ k.T / math.sqrt(q.shape[1])\n    return softmax(scores) @ v",
                "return softmax(q @ k.T) / math.sqrt(q.shape[1]) @ v",
                "The scale came after the softmax: the weights of a query no longer sum to one.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "softmax(np.where(np.tri(*scores.shape, dtype=bool), scores, -np.inf)) @ v",
                "You masked the future: here every query looks at all keys.",
            ),
            Mistake(
                "q @ k.T / math.sqrt(q.shape[1])",
                "k @ q.T / math.sqrt(q.shape[1])",
                "Queries and keys have changed places: row i of the scores belongs to query i, q @ k.T.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "causal_weights(scores) @ v",
                "causal_weights hides the future, and takes as many queries as keys for granted: here every query looks at all keys, so softmax.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "v.T @ softmax(scores).T",
                "It is right, but transposed: (M, T). The weights stand on the left, p @ v.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "softmax(scores)",
                "These are the weights: the average of the values, weights @ v, is missing.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "np.exp(scores) @ v",
                "exp alone: the weights of a query are divided by their sum, softmax.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "(scores == scores.max(axis=1, keepdims=True)) @ v",
                "Each query took the value of its best key alone: softmax takes an average of all.",
            ),
            Mistake(
                "/ math.sqrt(q.shape[1])",
                "/ math.sqrt(q.size)",
                "You divided by the root of the size of all of q: K is its width, q.shape[1].",
            ),
            Mistake(
                "/ math.sqrt(q.shape[1])",
                "/ q.shape[1] ** 2",
                "You divided by K squared: by its square root.",
            ),
            Mistake(
                "    scores = q @ k.T / math.sqrt(q.shape[1])",
                "    q, k = (a / np.sqrt((a * a).sum(axis=1, keepdims=True)) for a in (q, k))\n    scores = q @ k.T",
                "q and k were made of length one: these are cosines. The scores are dot products, divided by √K.",
            ),
            Mistake(
                "softmax(scores) @ v",
                "softmax(0 * scores) @ v",
                "Every query got the plain mean of the values: the scores make the weights.",
            ),
            Mistake(
                "    scores = q @ k.T / math.sqrt(q.shape[1])",
                "    scores = q @ k.T / q.shape[1] ** (1 / 3)",
                "You divided by the third root of K: it is the square root, math.sqrt.",
            ),
            Mistake(
                "    return softmax(scores) @ v",
                "    return softmax(scores) @ v + q[:, :1]",
                "Something of q was added to the average of the values: the shortcut of a block is lesson 07's.",
            ),
        ],
    ),
    Exercise(
        "self_attention_backward",
        lambda rng: [
            (rng.standard_normal((5, 4)), *qkv(rng, 5, 5, 8, 4)),
            (rng.standard_normal((3, 2)), *qkv(rng, 3, 6, 4, 2)),
            (np.array([[2.0]]), *SHORT),
        ],
        [
            "Go backwards: first y = p v, which gives dp and dv. A product's gradient is dy times the other factor, transposed so that the shapes fit.",
            "Through the softmax: ds = p * (dp - the sum of p * dp over each row). Take keepdims=True.",
            "s = q kᵀ scale: dq = ds @ k * scale and dk = ds.T @ q * scale, with scale = 1 / math.sqrt(K).",
        ],
        [
            Mistake(
                "ds @ k * scale, ds.T @ q * scale, dv",
                "ds @ k, ds.T @ q, dv",
                "The scale was forgotten on the way back: the scores were q kᵀ / √K, so dq and dk carry 1/√K too.",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "p * (1 - p) * dp",
                "Only the diagonal of the softmax's derivative was used: raising one weight lowers the others of its row.",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "p * dp",
                "The sum over the row is missing in the softmax's backward: the weights of a row cannot all rise.",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "p * (dp - (p * dp).sum(axis=0, keepdims=True))",
                "The sum in the softmax's backward went over the columns: each query's row is a softmax of its own.",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "p * (dp - dp.mean(axis=-1, keepdims=True))",
                "A plain mean stands in the softmax's backward: the sum is weighted by p.",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "dp",
                "The softmax was skipped on the way back: dp is the gradient of the weights, not of the scores.",
            ),
            Mistake(
                "ds @ k * scale, ds.T @ q * scale, dv",
                "ds.T @ q * scale, ds @ k * scale, dv",
                "dq and dk are exchanged: a query's gradient is made of keys.",
            ),
            Mistake(
                "ds @ k * scale, ds.T @ q * scale, dv",
                "ds @ k * scale, ds.T @ q, dv",
                "dk lacks the scale: the scores were q kᵀ / √K.",
            ),
            Mistake(
                "ds @ k * scale, ds.T @ q * scale, dv",
                "ds @ k, ds.T @ q * scale, dv",
                "dq lacks the scale: the scores were q kᵀ / √K.",
            ),
            Mistake(
                "ds @ k * scale, ds.T @ q * scale, dv",
                "ds @ k * scale, ds.T @ q * scale, dv * scale",
                "dv got the scale too: there is none in y = p v.",
            ),
            Mistake(
                "softmax(q @ k.T * scale)",
                "softmax(q @ k.T)",
                "The weights that you computed anew lack the scale: they are not those of the forward pass.",
            ),
            Mistake(
                "p.T @ dy",
                "p @ dy",
                "The transpose is missing in dv = pᵀ dy: value j collects from every query that looked at it.",
            ),
            Mistake(
                "ds.T @ q",
                "ds @ q",
                "The transpose is missing in dk = dsᵀ q / √K: key j collects from every query that looked at it.",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "p * (dp - (p * dp).sum())",
                "The sum in the softmax's backward went over everything: each row has a sum of its own.",
            ),
            Mistake(
                "ds @ k * scale, ds.T @ q * scale, dv",
                "ds @ k * scale * scale, ds.T @ q * scale * scale, dv",
                "The scale came in twice: dq = ds @ k * scale, where ds is the gradient of the scores after the scaling.",
            ),
            Mistake(
                "(dp - (p * dp).sum(axis=-1, keepdims=True))",
                "((p * dp).sum(axis=-1, keepdims=True) - dp)",
                "The sign is turned round in the softmax's backward: dp less its weighted sum, not the sum less dp.",
            ),
            Mistake(
                "(p * dp).sum(axis=-1, keepdims=True)",
                "dp.sum(axis=-1, keepdims=True)",
                "A plain sum of dp stands in the softmax's backward: the sum is weighted by p.",
            ),
            Mistake(
                "(p * dp).sum(axis=-1, keepdims=True)",
                "(p * dp).sum(axis=-1)",
                "keepdims=True is missing in the softmax's backward: the sums of the rows were laid across the columns.",
            ),
            Mistake(
                "(p * dp).sum(axis=-1, keepdims=True)",
                "(p * dp).mean(axis=-1, keepdims=True)",
                "A mean of p dp stands in the softmax's backward: it is a sum, since p is the weight already.",
            ),
            Mistake(
                "ds @ k * scale, ds.T",
                "ds @ q * scale, ds.T",
                "dq was made with q: the scores are q kᵀ, so a query's gradient is made of keys, ds @ k.",
            ),
            Mistake(
                "ds.T @ q * scale, dv",
                "ds.T @ k * scale, dv",
                "dk was made with k: the scores are q kᵀ, so a key's gradient is made of queries, dsᵀ q.",
            ),
            Mistake(
                "p = softmax(q @ k.T * scale)",
                "p = causal_weights(q @ k.T * scale)",
                "The weights that you computed anew hide the future: the forward pass has no mask.",
            ),
            Mistake(
                "p.T @ dy",
                "dp.T @ dy",
                "dv was made with dp: y = p v, so dv = pᵀ dy.",
            ),
            Mistake(
                "dp = dy @ v.T",
                "dp = dy @ v.T * p",
                "dp carries p once too often: y = p v gives dp = dy vᵀ alone.",
            ),
            Mistake(
                "    p = softmax(q @ k.T * scale)",
                "    p = q @ k.T * scale",
                "The softmax is missing in the weights that you computed anew.",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "dp - (p * dp).sum(axis=-1, keepdims=True)",
                "The factor p is missing in the softmax's backward: ds = p * (dp - ...).",
            ),
            Mistake(
                "p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "p * (dp + (p * dp).sum(axis=-1, keepdims=True))",
                "The weighted sum was added in the softmax's backward: it is subtracted.",
            ),
            Mistake(
                "dp = dy @ v.T",
                "dp = softmax(dy @ v.T)",
                "dp went through a softmax: the backward of softmax is p * (dp - Σ p dp), and dp itself is dy vᵀ.",
            ),
            Mistake(
                "ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))",
                "ds = p * dp - (p * dp).sum(axis=-1, keepdims=True)",
                "The sum in the softmax's backward lacks its factor p: p * (dp - sum), with brackets.",
            ),
            Mistake(
                "    dp = dy @ v.T\n    dv = p.T @ dy",
                "    dy = np.ones_like(dy)\n    dp = dy @ v.T\n    dv = p.T @ dy",
                "dy was replaced by ones: it is what the loss asks of each output.",
            ),
        ],
        outputs=("dq", "dk", "dv"),
    ),
]
