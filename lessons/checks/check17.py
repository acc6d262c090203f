"""Checks of lesson 17."""

import numpy as np

from minillm.course import Exercise, Mistake

ADVANTAGE = "advantage = rewards - values"
WEIGHTS = "weights = np.minimum(np.exp(advantage / beta), largest)"
LOSS = "loss = -alpha * (weights * logp).mean() + (1 - alpha) * (advantage * advantage).mean()"
DLOGP = "-alpha * weights / len(logp)"
DVALUES = "-2 * (1 - alpha) * advantage / len(logp)"
OBJECTIVES = (
    "MLE",
    "filtering, the rude lines are thrown away",
    "RWR, beta = 0.5",
    "RWR, all rewards 1 higher",
    "RWR, beta = 1000",
    "AWR, V is what is told there on average",
    "unlikelihood, alpha = 0.01",
    "conditional, told <|good|>",
    "conditional, not told, every second token was left out",
)


def tokens(rng: np.random.Generator, count: int) -> tuple:
    """Log-probabilities, from likely to unlikely; values; rewards."""
    return np.log(rng.uniform(0.05, 0.9, count)), rng.uniform(-1, 0.5, count), rng.uniform(-1, 1, count)


EXERCISES = [
    Exercise(
        "awr_loss",
        lambda rng: [
            (np.array([-1.0]), np.array([0.3]), np.array([-0.5]), 0.4, 2.0),
            (*tokens(rng, 5), 0.3, 0.5, 1.5),
            (*tokens(rng, 4), 0.8, 0.7),
        ],
        [
            "First the advantage, rewards - values; then the weights, np.minimum(np.exp(advantage / beta), largest).",
            "The weights are constants, so the derivative along log p is -α w, and the mean brings 1 / T.",
            "The values stand in (V - R)² alone, as far as the derivative goes: 2 (V - R), with 1 - α and 1 / T.",
            "return loss, -alpha * weights / len(logp), 2 * (1 - alpha) * (values - rewards) / len(logp)",
        ],
        [
            Mistake(
                DVALUES,
                DVALUES + " + alpha * weights * logp / beta / len(logp)",
                "You differentiated through the weight. It is a constant, or else the values would learn to make the weights small.",
            ),
            Mistake(
                DVALUES,
                "2 * (1 - alpha) * advantage / len(logp)",
                "The sign of dvalues: (V - R)² has 2 (V - R), not 2 (R - V).",
            ),
            Mistake(DVALUES, "-(1 - alpha) * advantage / len(logp)", "The 2 of the square is missing in dvalues."),
            Mistake(DVALUES, "-2 * advantage / len(logp)", "1 - α is missing in dvalues."),
            Mistake(DVALUES, "-2 * alpha * advantage / len(logp)", "α in place of 1 - α in dvalues."),
            Mistake(
                DVALUES,
                "-2 * (1 - alpha) * advantage",
                "dvalues is not divided by the number of tokens: the loss is a mean.",
            ),
            Mistake(DVALUES, "0 * advantage", "The values have a derivative too: that of the second part."),
            Mistake(DLOGP, "-weights / len(logp)", "α is missing in dlogp."),
            Mistake(DLOGP, "-alpha * weights", "dlogp is not divided by the number of tokens: the loss is a mean."),
            Mistake(
                DLOGP,
                "alpha * weights / len(logp)",
                "The sign of dlogp: descending would make every token less likely.",
            ),
            Mistake(
                DLOGP,
                "-alpha * weights * logp / len(logp)",
                "dlogp has no log p in it: the derivative of -w log p along log p is -w.",
            ),
            Mistake(
                DLOGP,
                "-alpha * weights / np.exp(logp) / len(logp)",
                "That is the derivative with respect to p. With respect to log p it is -w.",
            ),
            Mistake(
                DLOGP,
                "-alpha * weights * (1 - np.exp(logp)) / len(logp)",
                "1 - p comes with the logits, in the softmax's backward. With respect to log p it is -w.",
            ),
            Mistake(
                WEIGHTS,
                "weights = np.exp(advantage / beta)",
                "`largest` holds nothing: no weight is to be more than it.",
            ),
            Mistake(
                WEIGHTS,
                "weights = np.maximum(np.exp(advantage / beta), largest)",
                "np.maximum takes the larger one: now every weight is at least `largest`.",
            ),
            Mistake(
                "advantage = rewards - values",
                "advantage = np.abs(rewards - values)",
                "The sign of the advantage is lost: what is worse than expected is to count less, e^((R - V)/β).",
            ),
            Mistake(
                LOSS,
                LOSS.replace("(weights * logp).mean()", "weights.mean() * logp.mean()"),
                "You multiplied the means: it is the mean of the products w log p.",
            ),
            Mistake(
                LOSS,
                LOSS.replace("(weights * logp).mean()", "(weights * logp).sum() / weights.sum()"),
                "You divided by the sum of the weights: the mean is over the tokens, whatever they weigh.",
            ),
            Mistake(
                LOSS,
                LOSS.replace("* logp", "* np.exp(logp)"),
                "p in place of log p in the first part of the loss.",
            ),
            Mistake(
                LOSS,
                "loss = -(1 - alpha) * (weights * logp).mean() + alpha * (advantage * advantage).mean()",
                "α and 1 - α are exchanged in the loss: α stands before the first part.",
            ),
            Mistake(
                WEIGHTS,
                "weights = np.minimum(np.exp(-advantage / beta), largest)",
                "The sign in the exponent: what is better than expected is to count more, e^((R - V)/β).",
            ),
            Mistake(
                WEIGHTS,
                "weights = np.minimum(np.exp(advantage * beta), largest)",
                "You multiplied by β in the exponent: divide.",
            ),
            Mistake(WEIGHTS, "weights = np.minimum(np.exp(advantage), largest)", "β is forgotten in the exponent."),
            Mistake(
                WEIGHTS,
                "weights = np.minimum(np.exp(rewards / beta), largest)",
                "That is RWR's weight, e^(R/β): AWR takes off what was expected, e^((R - V)/β).",
            ),
            Mistake(
                WEIGHTS,
                "weights = np.minimum(np.exp((rewards - rewards.mean()) / beta), largest)",
                "You took off the mean reward: the advantage is measured from each token's own value.",
            ),
            Mistake(
                WEIGHTS,
                WEIGHTS + "\n    weights = weights / weights.sum()",
                "The weights add up to 1 in your code, so that a token's weight depends on the others. They are to stay as they are.",
            ),
            Mistake(
                WEIGHTS,
                "weights = advantage",
                "The advantage itself is the weight of a policy gradient: here it is e^((R - V)/β).",
            ),
            Mistake(LOSS, LOSS.replace("mean", "sum"), "Both parts of the loss are means over the tokens, not sums."),
            Mistake(
                LOSS,
                LOSS.replace("-alpha", "alpha"),
                "The sign of the first part: it is -log p, or the loss falls where good tokens become unlikely.",
            ),
            Mistake(
                LOSS,
                LOSS.replace("(1 - alpha) * ", ""),
                "1 - α is missing in the second part of the loss.",
            ),
            Mistake(LOSS, LOSS.replace("-alpha * ", "-"), "α is missing in the first part of the loss."),
            Mistake(
                LOSS,
                LOSS.replace("(advantage * advantage)", "np.abs(advantage)"),
                "The error of the values is squared, (V - R)², and not its absolute value.",
            ),
            Mistake(
                LOSS,
                LOSS.replace("(advantage * advantage)", "(weights * advantage * advantage)"),
                "The weight belongs to log p alone: the values learn from all tokens alike.",
            ),
            Mistake(
                LOSS,
                LOSS.replace("(advantage * advantage).mean()", "advantage.mean() ** 2"),
                "You squared the mean: it is the mean of the squares.",
            ),
            Mistake(
                LOSS,
                "loss = -alpha * (weights * logp).mean()",
                "The second part of the loss is missing: (1 - α) times the mean of (V - R)².",
            ),
        ],
        outputs=("loss", "dlogp", "dvalues"),
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
                "targets[np.isin(targets, [good, bad])] = IGNORE",
                "ids[np.isin(ids, [good, bad])] = IGNORE",
                "IGNORE stands among the ids: what is read stays as it is. It belongs into the targets, where they are control tokens.",
            ),
            Mistake(
                "        text += [good if reward >= 0 else bad, *line]",
                "        text += line if text else [good if min(rewards) >= 0 else bad, *line]",
                "One control token stands in front of the whole text: each line has one of its own.",
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
                "np.array(text), np.array([*text[1:], IGNORE])",
                "The last token of the text is read too: nothing comes after it, so it is only a target.",
            ),
            Mistake(
                "[good, bad])] = IGNORE",
                "[good, bad])] = 0",
                "0 in place of IGNORE, which is -1: 0 is a token like any other.",
            ),
            Mistake(
                "np.array(text[:-1]), np.array(text[1:])",
                "np.array(text), np.array(text)",
                "Targets are the ids moved on by one: at every place, the token that comes next.",
            ),
        ],
        outputs=("ids", "targets"),
    ),
    Exercise(
        "predict",
        lambda rng: [(objective,) for objective in OBJECTIVES],
        [
            "Write the weight of a kind line and that of a rude one. Six kind ones and four rude ones pull; at rest they share the place by weight.",
            "A factor that all weights have changes nothing: the model comes to rest at the same place.",
            "Unlikelihood: which part of the loss pulls the rude line up? And which pulls it down?",
            "Conditional: which lines stood behind the token that it is told, and which behind none?",
        ],
        [
            Mistake(
                '"MLE": "as often"',
                '"MLE": "less"',
                "MLE: all lines count alike, so it tells each as often as the text does.",
            ),
            Mistake(
                '"filtering, the rude lines are thrown away": "never"',
                '"filtering, the rude lines are thrown away": "less"',
                "Filtering: no rude line is left in this place, and what never comes gets no probability.",
            ),
            Mistake(
                '"RWR, beta = 0.5": "less"',
                '"RWR, beta = 0.5": "never"',
                "RWR: a rude line still counts e^(-1/0.5) = 0.14, and so it is learned, if less: 0.54 to 6.",
            ),
            Mistake(
                '"RWR, all rewards 1 higher": "less"',
                '"RWR, all rewards 1 higher": "more"',
                "All rewards 1 higher: every weight is e^(1/0.5) times as large, the kind line's and the rude one's. That changes nothing.",
            ),
            Mistake(
                '"RWR, beta = 1000": "as often"',
                '"RWR, beta = 1000": "less"',
                "RWR with beta = 1000: e^(-1/1000) = 0.999, so a rude line counts as much as a kind one. That is MLE.",
            ),
            Mistake(
                '"AWR, V is what is told there on average": "less"',
                '"AWR, V is what is told there on average": "as often"',
                "AWR: V takes the same from the rewards of both lines, which is a factor of both weights. So it is RWR again.",
            ),
            Mistake(
                '"unlikelihood, alpha = 0.01": "never"',
                '"unlikelihood, alpha = 0.01": "less"',
                "Unlikelihood: nothing pulls the rude line up, and the kind line pulls it down too, however small α is.",
            ),
            Mistake(
                '"conditional, told <|good|>": "never"',
                '"conditional, told <|good|>": "less"',
                "Conditional: behind <|good|> stood kind lines only.",
            ),
            Mistake(
                '"conditional, not told, every second token was left out": "as often"',
                '"conditional, not told, every second token was left out": "never"',
                "Conditional, not told: without a token it learned from the lines whose token was left out, and these are as rude as the text.",
            ),
        ],
    ),
]
