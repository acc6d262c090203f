"""Checks of lesson 17."""

import numpy as np

from minillm.course import Exercise, Mistake


def logps(rng: np.random.Generator, count: int) -> np.ndarray:
    """Log-probabilities, from likely to unlikely."""
    return np.log(rng.uniform(0.05, 0.9, count))


EXERCISES = [
    Exercise(
        "reward_weights",
        lambda rng: [(np.array([0.0, -1.0, -0.3]), 0.5), (np.array([12.0, 0.5, -2.0]), 0.7, 50.0)],
        [
            "e^(R/β) is np.exp(rewards / beta).",
            "The smaller of two arrays, number by number, is np.minimum.",
            "np.minimum(np.exp(rewards / beta), largest)",
        ],
        [
            Mistake(
                "rewards / beta",
                "rewards * beta",
                "You multiplied by β. The smaller β, the more the reward is to count.",
            ),
            Mistake("rewards / beta", "rewards", "β is forgotten."),
            Mistake("rewards / beta", "-rewards / beta", "The sign: now the bad tokens count most."),
            Mistake(
                "np.minimum(np.exp(rewards / beta), largest)",
                "np.exp(rewards / beta)",
                "A weight may grow without end: none is to be more than `largest`.",
            ),
            Mistake(
                "np.minimum(", "np.maximum(", "np.maximum takes the larger one: now every weight is at least `largest`."
            ),
            Mistake(
                "np.minimum(np.exp(rewards / beta), largest)",
                "np.minimum(np.exp((rewards - rewards.mean()) / beta), largest)",
                "You took the mean reward off first. What is more than expected is an advantage, as in AWR; RWR takes the reward as it is.",
            ),
            Mistake(
                "np.minimum(np.exp(rewards / beta), largest)",
                "np.exp(rewards / beta) / np.exp(rewards / beta).sum()",
                "That is a softmax: the weights add up to 1, and a token's weight depends on the other tokens. Here a reward of 0 counts 1.",
            ),
            Mistake(
                "np.minimum(np.exp(rewards / beta), largest)",
                "np.exp(rewards / beta) / np.exp(rewards / beta).mean()",
                "You divided by the mean weight, so a token's weight depends on the other tokens. Here a reward of 0 counts 1.",
            ),
        ],
    ),
    Exercise(
        "unlikelihood_loss",
        lambda rng: [
            (logps(rng, 5), np.array([True, False, True, False, False]), 0.3),
            (logps(rng, 4), np.array([False, False, True, True]), 1.0),
        ],
        [
            "First p = np.exp(logp). np.where(good, a, b) takes a where a token is good and b elsewhere.",
            "d(-log p)/d log p = -1. And with p = e^(log p): d(-α log(1 - p))/d log p = α p / (1 - p).",
            "Both the loss and the derivatives are divided by the number of all tokens, len(logp).",
        ],
        [
            Mistake(
                "slopes / len(logp)",
                "slopes",
                "The loss is a mean, so each derivative is divided by the number of tokens.",
            ),
            Mistake(
                "alpha * p / (1 - p))",
                "alpha / (1 - p))",
                "That is the derivative with respect to p. With respect to log p there is a factor p more, since dp = p · d log p.",
            ),
            Mistake(
                "alpha * p / (1 - p))",
                "-alpha * p / (1 - p))",
                "The sign: descending would make the bad tokens likelier.",
            ),
            Mistake("alpha * p / (1 - p))", "p / (1 - p))", "α is missing in the derivative."),
            Mistake("-alpha * np.log(1 - p)", "-np.log(1 - p)", "α is missing in the loss."),
            Mistake(
                "-alpha * np.log(1 - p)",
                "alpha * logp",
                "-log p with its sign turned round is not log(1 - p): it has no bottom, and pushes hardest where a token is unlikely already.",
            ),
            Mistake("losses.mean()", "losses.sum()", "The loss is the mean over the tokens, not their sum."),
            Mistake("np.where(good, -logp", "np.where(~good, -logp", "Good and bad are swapped in the loss."),
            Mistake(
                "p = np.exp(logp)",
                "p, good = np.exp(logp), ~good",
                "Good and bad are swapped, in the loss and in the slopes.",
            ),
            Mistake(
                "np.where(good, -1.0,",
                "np.where(good, p - 1,",
                "p - 1 is the derivative of -log p with respect to a logit. With respect to log p it is -1.",
            ),
            Mistake(
                "alpha * p / (1 - p))",
                "1 / (1 - p))",
                "α and the factor p are missing in the derivative: d(-α log(1 - p))/d log p = α p / (1 - p).",
            ),
            Mistake(
                "return losses.mean(), slopes / len(logp)",
                "return losses[good].mean() + losses[~good].mean(), slopes / np.where(good, good.sum(), (~good).sum())",
                "You took the means over good and bad tokens apart. A text with a single bad token would be ruled by it: take one mean over all.",
            ),
        ],
        outputs=("loss", "dlogp"),
    ),
    Exercise(
        "with_control_tokens",
        lambda rng: [
            ([[5, 6], [7], [6, 6, 5]], [0.0, -1.0, 0.0], 8, 9),
            ([[1], [2, 3]], [-0.5, 0.0], 7, 8),
        ],
        [
            "First make one list of tokens: for each line its control token, then the line. list += [token, *line] adds them.",
            "ids are all tokens but the last, targets all but the first.",
            "targets[np.isin(targets, [good, bad])] = IGNORE",
        ],
        [
            Mistake(
                "targets[np.isin(targets, [good, bad])] = IGNORE",
                "",
                "The control tokens are scored: the model would learn to guess which lines are good, and that is for us to say.",
            ),
            Mistake(
                "targets[np.isin(targets, [good, bad])] = IGNORE",
                "targets[np.isin(ids, [good, bad])] = IGNORE",
                "You ignored the targets of the places where a control token is read. It is the places where it is the target that don't count.",
            ),
            Mistake(
                "targets[np.isin(targets, [good, bad])] = IGNORE",
                "targets[np.isin(targets, [bad])] = IGNORE",
                "The good control token is still scored.",
            ),
            Mistake(
                "good if reward >= 0 else bad",
                "good if reward > 0 else bad",
                "A reward of 0 is good: nothing is better than faultless here.",
            ),
            Mistake(
                "[good if reward >= 0 else bad, *line]",
                "[*line, good if reward >= 0 else bad]",
                "The control token stands behind its line. It is to announce it.",
            ),
            Mistake(
                "np.array(text[:-1]), np.array(text[1:])",
                "(text := np.array(text))[:-1], text[1:]",
                "Your ids are spoiled where a target was ignored: two slices of one array share its memory. Make two arrays, or a copy.",
            ),
            Mistake(
                "[good if reward >= 0 else bad, *line]",
                "[token for word in line for token in (good if reward >= 0 else bad, word)]",
                "A control token stands in front of each token. One is enough for a line.",
            ),
            Mistake(
                "targets[np.isin(targets, [good, bad])] = IGNORE",
                "targets[np.isin(targets, [good, bad]) | np.isin(targets, sum((a for a, r in zip(lines, rewards) if r < 0), []))] = IGNORE",
                "The tokens of bad lines are ignored. The model is to learn them too, and to tell them apart: only control tokens are not scored.",
            ),
            Mistake(
                "np.array(text[:-1]), np.array(text[1:])",
                "np.array(text), np.array(text)",
                "Targets are the ids moved on by one: at every place, the token that comes next.",
            ),
        ],
        outputs=("ids", "targets"),
    ),
]
