"""Checks of lesson 18."""

import numpy as np

from minillm.course import Exercise, Mistake

H = "(chosen - ref_chosen) - (rejected - ref_rejected)"
LOSS = "-(1 - wrong) * np.log(sigmoid(beta * h)) - wrong * np.log(sigmoid(-beta * h))"
SLOPE = "beta * (wrong * sigmoid(beta * h) - (1 - wrong) * sigmoid(-beta * h)) / len(h)"
RANKED = "return -np.log(sigmoid(difference[is_pair])).mean()"
PAIRS = "np.triu(np.ones(difference.shape, bool), 1)"
CHANGES = (
    "beta twice as large",
    "every pair twice",
    "all labels turned round",
    "half of the labels wrong",
    "no label wrong",
    "no label wrong, and beta ten times as large",
    "the reference likes the chosen answer more",
)

EXERCISES = [
    Exercise(
        "ranking_loss",
        lambda rng: [(np.array([1.0, -0.5]),), (rng.normal(0, 1.5, 4),), (rng.normal(0, 1.5, 5),)],
        [
            "All differences at once: difference = rewards[:, None] - rewards has r_i - r_j at [i, j].",
            "The pairs are above the diagonal, where i stands in front of j: np.triu(np.ones((K, K), bool), 1).",
            "d(-ln σ(u))/du = -σ(-u). An answer's reward is r_i in the pairs of its row, and r_j, with a minus, in those of its column.",
            "pull = np.where(is_pair, -sigmoid(-difference), 0) / is_pair.sum(), then pull.sum(axis=1) - pull.sum(axis=0)",
        ],
        [
            Mistake(
                " / is_pair.sum()",
                "",
                "The loss is a mean over the pairs, so each derivative is divided by their number.",
            ),
            Mistake(
                " / is_pair.sum()",
                " / len(rewards)",
                "You divide by the number of answers: the mean is over the pairs, of which there are K (K - 1)/2.",
            ),
            Mistake(
                "-sigmoid(-difference), 0",
                "-sigmoid(difference), 0",
                "-σ(u) in place of -σ(-u): pairs that are told apart already would pull the most.",
            ),
            Mistake(
                "-sigmoid(-difference), 0",
                "sigmoid(-difference), 0",
                "The sign of the derivatives: descending would make the best answer's reward smaller.",
            ),
            Mistake(
                "-sigmoid(-difference), 0",
                "-sigmoid(difference) * sigmoid(-difference), 0",
                "σ(u) σ(-u) is the derivative of σ: the log takes the σ(u) away, and -σ(-u) is left.",
            ),
            Mistake(
                "-sigmoid(-difference), 0",
                "-1 / sigmoid(difference), 0",
                "That is the derivative of -ln σ with respect to σ: with respect to the difference it is -σ(-u).",
            ),
            Mistake(
                "difference = rewards[:, None] - rewards",
                "difference = np.abs(rewards[:, None] - rewards)",
                "The sign of the differences is lost: a pair that the rewards have the wrong way round must cost more than one they have right.",
            ),
            Mistake(
                "pull.sum(axis=1) - pull.sum(axis=0)",
                "pull.sum(axis=1)",
                "Each answer pulls only where it is the better one. It is also the worse one of the pairs in its column.",
            ),
            Mistake(
                "pull.sum(axis=1) - pull.sum(axis=0)",
                "pull.sum(axis=1) + pull.sum(axis=0)",
                "The worse answer of a pair pulls the other way: minus the sum over the column.",
            ),
            Mistake(
                PAIRS,
                "np.triu(np.ones(difference.shape, bool))",
                "Each answer is compared with itself too, which adds K times ln 2: the diagonal is no pair.",
            ),
            Mistake(
                PAIRS,
                "np.tril(np.ones(difference.shape, bool), -1)",
                "The ranking is turned round: the first is the best, and stands in front in each of its pairs.",
            ),
            Mistake(
                PAIRS,
                "np.eye(len(rewards), k=1, dtype=bool)",
                "Only neighbours are compared. Every two answers are a pair: the first and the last too.",
            ),
            Mistake(
                PAIRS,
                PAIRS + " & (np.arange(len(rewards)) == 0)[:, None]",
                "Only the best answer is compared with the others. Every two answers are a pair.",
            ),
            Mistake(
                PAIRS,
                "~np.eye(len(rewards), dtype=bool)",
                "Each pair counts in both directions, once with the better answer as the worse one: only i in front of j.",
            ),
            Mistake(RANKED, RANKED.replace("mean", "sum"), "The loss is the mean over the pairs, not their sum."),
            Mistake(
                RANKED, RANKED.replace("-np", "np"), "The sign of the loss: minus the log, so it is never negative."
            ),
            Mistake(
                RANKED,
                "return -np.log(sigmoid(difference)).mean()",
                "The mean is over all K² differences: both directions, and each answer with itself. Only difference[is_pair] counts.",
            ),
            Mistake(
                RANKED,
                "return -np.log(sigmoid(difference[is_pair].mean()))",
                "The mean was taken of the differences: of the losses, -ln σ of each.",
            ),
            Mistake(RANKED, "return -sigmoid(difference[is_pair]).mean()", "The log is missing in the loss: -ln σ."),
            Mistake(
                RANKED,
                "return np.maximum(0, 1 - difference[is_pair]).mean()",
                "That is the hinge loss, which asks for a margin of 1. The model of Bradley and Terry has -ln σ.",
            ),
            Mistake(
                RANKED,
                "return -difference[is_pair].mean()",
                "That is the difference alone, which has no bottom: the mean of -ln σ of it.",
            ),
            Mistake(
                RANKED,
                "return -(rewards - np.log(np.cumsum(np.exp(rewards)[::-1])[::-1])).sum()",
                "That is Plackett and Luce's loss, which takes each answer against all behind it at once. Here every two answers are a pair.",
            ),
            Mistake(
                RANKED,
                "return -(rewards - np.log(np.cumsum(np.exp(rewards)[::-1])[::-1])).mean()",
                "That is the loss of Plackett and Luce, each answer against all behind it at once. Here every two answers are a pair.",
            ),
        ],
        outputs=("loss", "drewards"),
    ),
    Exercise(
        "dpo_loss",
        lambda rng: [
            (*(rng.normal(-9, 2, 4) for _ in range(4)), 0.3, 0.2),
            (*(rng.normal(-9, 2, 3) for _ in range(4)), 0.7, 0.0),
        ],
        [
            "h says how much more the model has moved towards the chosen answer than towards the rejected one, measured from the reference.",
            "The derivative of -ln σ(β h) along h is -β σ(-β h). That of -ln σ(-β h) is +β σ(β h).",
            "dh/dchosen = 1 and dh/drejected = -1, so the derivatives are slope and -slope. Don't forget the mean: / B.",
            "slope = " + SLOPE,
        ],
        [
            Mistake(
                SLOPE,
                SLOPE[7:],
                "The factor β is missing in the derivative: the loss is a function of β h.",
            ),
            Mistake(
                SLOPE,
                SLOPE.replace("beta * h", "h"),
                "σ(h) in place of σ(β h) in the derivative.",
            ),
            Mistake(LOSS, LOSS.replace("beta * ", ""), "β is missing in the loss."),
            Mistake(LOSS, LOSS.replace("beta * h", "h / beta"), "You divided h by β: multiply, σ(β h)."),
            Mistake(
                H,
                "np.exp(chosen - ref_chosen) - np.exp(rejected - ref_rejected)",
                "The ratios p/q were subtracted: h is the difference of their logarithms, as they are given.",
            ),
            Mistake(
                H,
                "chosen - rejected",
                "The reference is forgotten: the loss would not begin at ln 2, and nothing would hold the model near it.",
            ),
            Mistake(
                H,
                "(rejected - ref_rejected) - (chosen - ref_chosen)",
                "The sign of h, which prefers the rejected answers: is rejected - chosen there, or q - p (model and reference exchanged)?",
            ),
            Mistake(
                H,
                "(chosen - ref_chosen) + (rejected - ref_rejected)",
                "A sum in place of the difference: both answers would be made likelier.",
            ),
            Mistake(
                "slope, -slope",
                "slope, 0 * slope",
                "The rejected answer has a derivative too: minus that of the chosen one.",
            ),
            Mistake(
                " / len(h)", "", "The loss is a mean over the pairs, so each derivative is divided by their number."
            ),
            Mistake(
                H,
                "(chosen - ref_rejected) - (rejected - ref_chosen)",
                "The references are exchanged: each answer is compared with the reference's log-probability of the same answer.",
            ),
            Mistake(
                H,
                "chosen - ref_chosen - rejected",
                "The reference of the rejected answer is missing: (ln p - ln q) of both.",
            ),
            Mistake(
                H,
                "chosen - (rejected - ref_rejected)",
                "The reference of the chosen answer is missing: (ln p - ln q) of both.",
            ),
            Mistake(
                SLOPE,
                "beta * " + SLOPE,
                "β came in twice in the derivative: dh/dchosen is 1, so one β.",
            ),
            Mistake(
                SLOPE,
                "beta * (wrong * sigmoid(-beta * h) - (1 - wrong) * sigmoid(beta * h)) / len(h)",
                "σ(β h) and σ(-β h) are exchanged in the derivative: the pairs that are told apart already would pull the most.",
            ),
            Mistake(
                SLOPE,
                "-" + SLOPE,
                "The sign of the derivative: the loss falls when the chosen answer becomes likelier.",
            ),
            Mistake(
                SLOPE,
                "-beta * (wrong * sigmoid(beta * h) + (1 - wrong) * sigmoid(-beta * h)) / len(h)",
                "The doubt pulls the wrong way: -ln σ(-β h) rises with h, so its derivative is +β σ(β h).",
            ),
            Mistake(
                SLOPE,
                "beta * ((1 - wrong) * sigmoid(beta * h) - wrong * sigmoid(-beta * h)) / len(h)",
                "The two pulls are turned round: up pulls (1 - wrong) σ(-β h), with a minus, and down pulls wrong σ(β h).",
            ),
            Mistake(
                SLOPE,
                "-beta * (1 - wrong) * sigmoid(-beta * h) / len(h)",
                "The derivative of the second part is missing: that of -wrong ln σ(-β h).",
            ),
            Mistake(
                SLOPE,
                "-beta * sigmoid(-beta * h) / len(h)",
                "That is the derivative of DPO, without a doubt: both parts of the loss have one, with 1 - wrong and wrong before them.",
            ),
            Mistake(
                "slope, -slope",
                "slope, slope",
                "The rejected answer has the other sign: -slope.",
            ),
            Mistake(
                LOSS,
                "(1 - wrong) * np.log(sigmoid(beta * h)) + wrong * np.log(sigmoid(-beta * h))",
                "The sign of the loss: minus the log, so it is never negative.",
            ),
            Mistake("losses.mean()", "losses.sum()", "The loss is the mean over the pairs, not their sum."),
            Mistake("losses.mean()", "losses", "The losses of the pairs are returned: their mean is asked for."),
            Mistake(
                LOSS,
                "-np.log(sigmoid(beta * h))",
                "That is DPO's loss: `wrong` has no part in it.",
            ),
            Mistake(
                LOSS,
                "-(1 - wrong) * np.log(sigmoid(beta * h)) + wrong * np.log(sigmoid(-beta * h))",
                "The doubt has the wrong sign: -(1 - wrong) ln σ(β h) - wrong ln σ(-β h).",
            ),
            Mistake(
                LOSS,
                "-wrong * np.log(sigmoid(beta * h)) - (1 - wrong) * np.log(sigmoid(-beta * h))",
                "`wrong` and 1 - wrong are exchanged in the loss: `wrong` is the share of wrong labels.",
            ),
            Mistake(
                LOSS,
                "-(1 - 2 * wrong) * np.log(sigmoid(beta * h))",
                "-ln σ(-β h) is not ln σ(β h): the two parts can't be put together so.",
            ),
            Mistake(LOSS, "(h - 1 / (2 * beta)) ** 2", "That is IPO's loss. cDPO's is made of two -ln σ."),
            Mistake(
                LOSS,
                "-np.log((1 - wrong) * sigmoid(beta * h) + wrong * sigmoid(-beta * h))",
                "The two are mixed inside of the log: that is the likelihood of a noisy label. Here the two losses are mixed.",
            ),
            Mistake(
                LOSS,
                "-(1 - wrong) * sigmoid(beta * h) - wrong * sigmoid(-beta * h)",
                "The log is missing in the loss.",
            ),
            Mistake(
                H,
                "(np.exp(chosen) - np.exp(ref_chosen)) - (np.exp(rejected) - np.exp(ref_rejected))",
                "The probabilities were subtracted: h is made of their logarithms, as they are given.",
            ),
            Mistake(
                H,
                "chosen / ref_chosen - rejected / ref_rejected",
                "Logarithms were divided: ln p - ln q is the log of p / q.",
            ),
        ],
        outputs=("loss", "dchosen", "drejected"),
    ),
    Exercise(
        "predict",
        lambda rng: [(change,) for change in CHANGES],
        [
            "At rest the pulls of right and wrong labels are equal: (1 - ε) σ(-β h) = ε σ(β h). Which h is that, for ε = 1/4?",
            "h = ln((1 - ε)/ε) / β. Put each change in: β, ε, how many pairs there are.",
            "h is measured from the reference. And what is ln((1 - ε)/ε) for ε = 1/2, and for ε = 0?",
        ],
        [
            Mistake(
                '"beta twice as large": "half"',
                '"beta twice as large": "same"',
                "beta twice as large: β h comes to rest at ln 3, whatever β is. So h has half of the way to go.",
            ),
            Mistake(
                '"every pair twice": "same"',
                '"every pair twice": "half"',
                "Every pair twice: the loss is a mean, and the share of wrong labels is what it was.",
            ),
            Mistake(
                '"all labels turned round": "turned"',
                '"all labels turned round": "zero"',
                "All labels turned round: three of four now prefer the other answer. The loss is the same with -h in the place of h.",
            ),
            Mistake(
                '"half of the labels wrong": "zero"',
                '"half of the labels wrong": "half"',
                "Half of the labels wrong: as many pull up as down, and they are equal only at h = 0.",
            ),
            Mistake(
                '"no label wrong": "endless"',
                '"no label wrong": "same"',
                "No label wrong: every pair still pulls up, ever more weakly, and none pulls down. -ln σ(β h) has no smallest value.",
            ),
            Mistake(
                '"no label wrong, and beta ten times as large": "endless"',
                '"no label wrong, and beta ten times as large": "same"',
                "No label wrong, and a large beta: β says how fast the pull dies away. Nothing pulls back, whatever it is.",
            ),
            Mistake(
                '"the reference likes the chosen answer more": "same"',
                '"the reference likes the chosen answer more": "half"',
                "The reference likes the chosen answer more: h is measured from the reference, and the loss only knows h.",
            ),
        ],
    ),
]
