"""Checks of lesson 04."""

import numpy as np

from minillm.course import Exercise, Mistake


def tied(rng: np.random.Generator, N: int, n: int, V: int, D: int) -> tuple[np.ndarray, ...]:
    """A batch of N questions with n words of context, in which words come twice: dlogits, contexts, E, W."""
    contexts = rng.integers(V - 1, size=(N, n))
    contexts[0] = contexts[-1, 0]
    return rng.standard_normal((N, V)), contexts, rng.standard_normal((V, D)), rng.standard_normal((n * D, D))


EXERCISES = [
    Exercise(
        "windows",
        lambda rng: [
            (np.array([7, 8]), 3, 0),
            (np.array([4, 1, 2, 5, 3]), 2, 9),
            (rng.integers(1, 30, size=12), 4, 0),
        ],
        [
            "Put n times `end` before the story and once behind it. Where in this longer array does the context of target t begin?",
            "padded = np.concatenate([np.full(n, end), story, [end]]). The contexts are pieces of n words, and each begins one word later.",
            "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)]), targets = padded[n:]",
        ],
        [
            Mistake(
                "padded[t : t + n]",
                "padded[t + 1 : t + n + 1]",
                "The last word of each context is the target itself: the model would read the answer. Begin one word earlier.",
            ),
            Mistake(
                "padded[t : t + n]",
                "padded[t : t + n][::-1]",
                "The contexts run backwards: the oldest word comes first, the newest last.",
            ),
            Mistake(
                "np.full(n, end), story, [end]",
                "np.full(n, 0), story, [end]",
                "The places before the story were filled with 0, whatever `end` is.",
            ),
            Mistake(
                "np.full(n, end), story, [end]",
                "np.full(n, end), story, [0]",
                "The last target is 0, whatever `end` is.",
            ),
            Mistake(
                "np.full(n, end), story, [end]",
                "story, np.full(n + 1, end)",
                "The padding came behind the story: the places that are missing are those before it.",
            ),
            Mistake(
                "np.full(n, end), story, [end]",
                "np.full(n, story[0]), story, [end]",
                "The places before the story were filled with its first word: there it would read its own answer.",
            ),
            Mistake(
                "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "contexts = np.stack([padded[t : t + n] for t in range(len(story))])\n    targets = padded[n:-1]",
                "The end is not asked for: a model that never learns where a story ends writes on for ever.",
            ),
            Mistake(
                "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "contexts = np.stack([padded[t : t + n] for t in range(n, len(story) + 1)])\n    targets = padded[2 * n :]",
                "The first n words are not asked for: their contexts are shorter, and filled up with `end`.",
            ),
            Mistake(
                "targets = padded[n:]",
                "targets = padded[n - 1 : -1]",
                "Each target is the last word of its own context: it should be the word after it.",
            ),
            Mistake(
                "targets = padded[n:]",
                "targets = np.append(padded[n + 1 :], end)",
                "The targets are one word too late: there is a word between each context and its target.",
            ),
            Mistake(
                "targets = padded[n:]",
                "targets = np.roll(padded[n:], -1)",
                "np.roll brought the first target to the end: the first target is the first word of the story.",
            ),
            Mistake(
                "    return contexts, targets",
                "    ahead = np.concatenate([story, np.full(n + 1, end)])\n    return np.stack([ahead[t + 1 : t + 1 + n] for t in range(len(story) + 1)]), targets",
                "These contexts are the words behind the target: a context is the n words before it.",
            ),
            Mistake(
                "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "contexts = np.stack([np.append(story[max(0, t - n) : t], [end] * max(0, n - t)) for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "The padding stands behind the words of a context: `end` takes the places of the missing words before them.",
            ),
            Mistake(
                "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "contexts = np.stack([np.append([end] * (n - len(story[t - n : t])), story[t - n : t]) for t in range(len(story) + 1)]).astype(int)\n    targets = padded[n:]",
                "story[t - n : t] begins at a negative number where t < n, and that counts from the end of the story: take story[max(0, t - n) : t].",
            ),
            Mistake(
                "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "contexts = np.stack([np.roll(np.append(story, end), back) for back in range(n, 0, -1)], axis=1)\n    targets = padded[n:]",
                "np.roll brings the last words of the story to its beginning: before the first word there is only `end`.",
            ),
            Mistake(
                "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "contexts = padded[: len(padded) // n * n].reshape(-1, n)\n    targets = padded[n:]",
                "The story was cut into pieces that do not overlap: each target has a context of its own, which begins one word later than the one before.",
            ),
            Mistake(
                "contexts = np.stack([padded[t : t + n] for t in range(len(story) + 1)])\n    targets = padded[n:]",
                "contexts = np.array([story[t : t + n] for t in range(len(story) - n)])\n    targets = story[n:]",
                "Only words with n words before them are asked for, and the end is not: where words are missing `end` stands in their place.",
            ),
        ],
        outputs=("contexts", "targets"),
    ),
    Exercise(
        "nearest",
        lambda rng: [
            (np.array([[1.0, 0], [5, 5], [2, 0.1]]), 0, 1),
            (np.array([[-3.0, 0.3], [1, 0], [0.2, 0.1], [4, 3], [0.1, -0.3], [-1, 2]]), 1, 4),
            (rng.standard_normal((9, 4)) * rng.uniform(0.2, 4, (9, 1)), 5, 4),
            (rng.standard_normal((12, 3)) * rng.uniform(0.2, 4, (12, 1)), 0, 6),
            (rng.standard_normal((1000, 3)), 7, 300),  # of fewer, np.argpartition sorts all on some machines
        ],
        [
            "E @ E[word] is the dot product with every word at once. What are the lengths of the rows?",
            "lengths = np.linalg.norm(E, axis=1). np.argsort sorts upwards: sort the negative, and see to it that the word itself comes last.",
            "cosine = E @ E[word] / (lengths * lengths[word]); cosine[word] = -np.inf; np.argsort(-cosine)[:k]",
        ],
        [
            Mistake(
                "/ (lengths * lengths[word])",
                "",
                "They are in the order of the dot products: long vectors win. Divide each by the length of its own word's vector, axis=1.",
            ),
            Mistake(
                "/ (lengths * lengths[word])",
                "/ (lengths * lengths)",
                "You divided by the square of the other word's length, perhaps since the root is missing: short vectors win. Take the product of both lengths.",
            ),
            Mistake("cosine[word] = -np.inf", "pass", "The word is its own nearest neighbour: leave it out."),
            Mistake(
                "cosine[word] = -np.inf\n    return np.argsort(-cosine)[:k]",
                "return np.argsort(-cosine)[1 : k + 2]",
                "There is one too many: the word itself is left out, and then k others are taken, not k + 1.",
            ),
            Mistake(
                "np.argsort(-cosine)[:k]",
                "np.argsort(cosine)[:k]",
                "np.argsort sorts upwards: these are the words that are furthest away.",
            ),
            Mistake(
                "np.argsort(-cosine)[:k]",
                "np.argsort(cosine)[-k:]",
                "The right words, but the nearest stands last: turn them round.",
            ),
            Mistake(
                "E @ E[word] / (lengths * lengths[word])",
                "-np.linalg.norm(E - E[word], axis=1)",
                "That is the distance between the points. The cosine asks for the direction alone: divide by the lengths.",
            ),
            Mistake(
                "E @ E[word] / (lengths * lengths[word])",
                "np.abs(E @ E[word]) / (lengths * lengths[word])",
                "The absolute value was taken: opposite directions, cosine -1, are as far apart as can be.",
            ),
            Mistake(
                "np.linalg.norm(E, axis=1)",
                "np.abs(E).sum(axis=1)",
                "The lengths are sums of absolute values. The length of a vector is the root of the sum of its squares.",
            ),
            Mistake(
                "np.argsort(-cosine)[:k]",
                "np.sort(-cosine)[:k] * -1",
                "These are the cosines: return the numbers of the words, with np.argsort.",
            ),
            Mistake(
                "np.linalg.norm(E, axis=1)\n    cosine = E @ E[word] / (lengths * lengths[word])",
                "np.linalg.norm(E, axis=0)\n    cosine = (E / lengths) @ (E[word] / lengths)",
                "The lengths are those of the columns: each word has one, over its D numbers, axis=1.",
            ),
            Mistake(
                "    cosine[word] = -np.inf\n    return np.argsort(-cosine)[:k]",
                "    return np.argsort(-np.delete(cosine, word))[:k]",
                "The word itself was taken out of the list, and all words behind it have moved up by one: their numbers are not theirs any more. Give its cosine -inf in place of that.",
            ),
            Mistake(
                "cosine[word] = -np.inf",
                "cosine[word] = 0",
                "The word's own cosine became 0: it then stands before all words with a negative one. -np.inf is always last.",
            ),
            Mistake(
                "    cosine[word] = -np.inf\n    return np.argsort(-cosine)[:k]",
                "    return np.argsort(cosine)[:k]",
                "np.argsort sorts upwards: these are the words that are farthest away. Sort the negative.",
            ),
            Mistake(
                "    cosine[word] = -np.inf\n    return np.argsort(-cosine)[:k]",
                "    return np.argsort(cosine)[-k:]",
                "np.argsort sorts upwards: the nearest stands last, and it is the word itself. Turn them round, and leave the word out.",
            ),
            Mistake(
                "return np.argsort(-cosine)[:k]",
                "return E[np.argsort(-cosine)[:k]]",
                "These are the vectors of the nearest words: return the words' numbers.",
            ),
            Mistake(
                "return np.argsort(-cosine)[:k]",
                "return np.argmax(cosine)",
                "That is the nearest word alone, as a single number: return an array of k.",
            ),
            Mistake(
                "return np.argsort(-cosine)[:k]",
                "return np.argpartition(-cosine, k)[:k]",
                "The right words, in any order: np.argpartition does not sort those that it brings forward. np.argsort does.",
            ),
            Mistake(
                "E @ E[word] / (lengths * lengths[word])",
                "np.linalg.norm(E - E[word], axis=1)",
                "These are the words at the greatest distance. Near is what has the largest cosine, the dot product divided by both lengths.",
            ),
        ],
    ),
    Exercise(
        "tied_gradients",
        lambda rng: [
            tied(rng, 2, 1, 4, 3),
            tied(rng, 5, 3, 7, 4),
            tied(rng, 4, 2, 5, 5),
        ],
        [
            "Go backwards through three steps. For C = A B: dA = dC Bᵀ, dB = Aᵀ dC. Which two steps read E?",
            "logits = h Eᵀ gives dE = dlogitsᵀ h and dh = dlogits E. Then dW = xᵀ dh and dx = dh Wᵀ. And x was looked up.",
            "dE = dlogits.T @ h; then np.add.at(dE, contexts, (dh @ W.T).reshape(*contexts.shape, -1)): the second gradient is added to the first.",
        ],
        [
            Mistake(
                "np.add.at(dE, contexts, dx)  # x = E[contexts]",
                "pass",
                "dE is that of the output layer alone: E was also read where the words were looked up, and both gradients add up.",
            ),
            Mistake(
                "dE = dlogits.T @ h  # logits = h Eᵀ",
                "dE = np.zeros_like(E)",
                "dE is that of the lookup alone: E was also read by the output layer, and both gradients add up.",
            ),
            Mistake(
                "np.add.at(dE, contexts, dx)  # x = E[contexts]",
                "dE[contexts] += dx",
                "dE[contexts] += dx keeps only one gradient of a word that comes twice: np.add.at adds them all.",
            ),
            Mistake(
                "np.add.at(dE, contexts, dx)  # x = E[contexts]",
                "dE[contexts] = dx",
                "The gradient of the lookup was assigned, and wiped out that of the output layer: it is added.",
            ),
            Mistake(
                "return dE, dW",
                "return dE / 2, dW",
                "The mean of the two gradients was taken. They add up.",
            ),
            Mistake(
                "dx = (dh @ W.T).reshape(*contexts.shape, -1)",
                "dx = (dh @ W.T).reshape(len(contexts), -1, contexts.shape[1]).swapaxes(1, 2)",
                "The pieces of dx are mixed up: x was n vectors side by side, so cut it into n pieces of D numbers.",
            ),
            Mistake(
                "dx = (dh @ W.T).reshape(*contexts.shape, -1)",
                "dx = (dh @ W.T).reshape(contexts.shape[1], len(contexts), -1).swapaxes(0, 1)",
                "dx was cut into n parts of N rows: each row of it is one question, so the shape is (N, n, D), and nothing is to be transposed.",
            ),
            Mistake(
                "np.add.at(dE, contexts, dx)",
                "[dE.__setitem__(j, dE[j] + dx[i, j]) for i, j in np.ndindex(*contexts.shape)]",
                "The gradients went to rows 0 to n - 1 of dE: that of place j goes to the row of the word that stands there, contexts[i, j].",
            ),
            Mistake(
                "np.add.at(dE, contexts, dx)",
                "dE += np.eye(len(E))[contexts].sum(axis=1).T @ dx.sum(axis=1)",
                "Each word of a context got the gradients of all n places: to each belongs that of its own place alone.",
            ),
            Mistake(
                "    dE = dlogits.T @ h",
                "    p = np.exp(h @ E.T) / np.exp(h @ E.T).sum(axis=1, keepdims=True)\n    dlogits = p * (dlogits - (p * dlogits).sum(axis=1, keepdims=True))\n    dE = dlogits.T @ h",
                "dlogits went through the backward of a softmax: there is none, logits = h Eᵀ is the end.",
            ),
            Mistake(
                "dx = (dh @ W.T).reshape(*contexts.shape, -1)",
                "dx = (dh @ W.T).reshape(*contexts.shape, -1)[:, ::-1]",
                "The vectors of dx come in reverse: the first D numbers of x belong to the first word of the context.",
            ),
            Mistake(
                "dW = x.T @ dh  # h = x W",
                "dW = x.T @ h  # h = x W",
                "dW was made of h: it is made of the gradient that reaches h, dh.",
            ),
            Mistake(
                "dW = x.T @ dh  # h = x W",
                "dW = x.T @ dh / len(contexts)",
                "dW was divided by N. The loss, not the backward, takes means: dlogits holds them already.",
            ),
            Mistake(
                "dlogits.T @ h",
                "dlogits.T @ (dlogits @ E)",
                "The output layer's dE was made of dh: it is dlogitsᵀ times what the layer read, h.",
            ),
            Mistake(
                "np.add.at(dE, contexts, dx)",
                "np.add.at(dE, contexts[:, :1], dx[:, :1])",
                "Only the first word of each context got its gradient: all n were looked up.",
            ),
            Mistake(
                "np.add.at(dE, contexts, dx)",
                "np.add.at(dE, contexts, E[contexts])",
                "The vectors themselves were added: it is their gradient, dx, that goes to their rows.",
            ),
            Mistake(
                "np.add.at(dE, contexts, dx)",
                "np.add.at(dE, contexts[:, -1], dx[:, -1])",
                "Only the last word of each context sent its gradient to E: all n of them were looked up.",
            ),
        ],
        outputs=("dE", "dW"),
    ),
]
