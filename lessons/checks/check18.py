"""Checks of lesson 18."""

import numpy as np

from minillm.course import Exercise, Mistake

EXERCISES = [
    Exercise(
        "reward_model_loss",
        lambda rng: [(rng.normal(0, 2, 5), rng.normal(0, 2, 5)), (rng.normal(1, 1, 3), rng.normal(-1, 1, 3))],
        [
            "Let u = chosen - rejected. The loss is the mean of -log σ(u).",
            "d(-log σ(u))/du = -(1 - σ(u)) = -σ(-u). And u grows with chosen, and falls with rejected.",
            "Both derivatives are divided by the number of pairs.",
        ],
        [
            Mistake(
                "-sigmoid(-difference) / len(difference)",
                "-sigmoid(-difference)",
                "The loss is a mean over the pairs, so each derivative is divided by their number.",
            ),
            Mistake(
                "-sigmoid(-difference) / len(difference)",
                "-sigmoid(difference) / len(difference)",
                "-σ(u) in place of -σ(-u): pairs that are told apart already would pull the most.",
            ),
            Mistake(
                "-sigmoid(-difference) / len(difference)",
                "sigmoid(-difference) / len(difference)",
                "The sign: descending would make the better answer's reward smaller.",
            ),
            Mistake(
                "pull, -pull",
                "pull, pull",
                "The worse answer pulls the other way: its derivative has the other sign.",
            ),
            Mistake(
                "difference = chosen - rejected",
                "difference = rejected - chosen",
                "The difference is turned round: the worse answer would be preferred.",
            ),
            Mistake(
                "sigmoid(difference)).mean()",
                "sigmoid(difference)).sum()",
                "The loss is the mean over the pairs, not their sum.",
            ),
            Mistake(
                "pull = -sigmoid(-difference) / len(difference)",
                "pull = -1 / sigmoid(difference) / len(difference)",
                "That is the derivative of -log σ with respect to σ: with respect to u it is -σ(-u).",
            ),
            Mistake(
                "pull = -sigmoid(-difference) / len(difference)",
                "pull = -sigmoid(difference) * sigmoid(-difference) / len(difference)",
                "σ(u) σ(-u) is the derivative of σ: the log takes the σ(u) away, and -σ(-u) is left.",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return np.log(sigmoid(difference)).mean()",
                "The sign of the loss: minus the log, so it is never negative.",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return -np.log(sigmoid(chosen) - sigmoid(rejected)).mean()",
                "Two sigmoids were subtracted: σ of the difference of the rewards.",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return -(np.log(sigmoid(chosen)) + np.log(sigmoid(-rejected))).mean()",
                "Each reward has a sigmoid of its own: only their difference counts, log σ(chosen - rejected).",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return -sigmoid(difference).mean()",
                "The log is missing in the loss: the mean of -log σ.",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return -difference.mean()",
                "That is the difference alone, which has no bottom: the mean of -log σ of it.",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return -np.log(sigmoid(difference.mean()))",
                "The mean was taken of the differences: of the losses, -log σ of each.",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return (1 - sigmoid(difference)).mean()",
                "1 - σ in place of -log σ.",
            ),
            Mistake(
                "return -np.log(sigmoid(difference)).mean()",
                "return -np.log(sigmoid(difference))",
                "The losses of the pairs are returned: their mean is asked for.",
            ),
        ],
        outputs=("loss", "dchosen", "drejected"),
    ),
    Exercise(
        "dpo_loss",
        lambda rng: [
            (*(rng.normal(-9, 2, 4) for _ in range(4)), 0.3),
            (*(rng.normal(-9, 2, 3) for _ in range(4)), 0.7),
        ],
        [
            "h says how much more the model has moved towards the chosen answer than towards the rejected one, measured from the reference.",
            "It is the loss of the reward model, with β h in the place of the difference of rewards.",
            "By the chain rule, dh/dchosen = 1 and dh/drejected = -1, and β h brings a factor β: slope = -β σ(-β h) / B.",
        ],
        [
            Mistake(
                "-beta * sigmoid(-beta * h)",
                "-sigmoid(-beta * h)",
                "The factor β is missing in the derivative: the loss is a function of β h.",
            ),
            Mistake(
                "-beta * sigmoid(-beta * h)", "-beta * sigmoid(-h)", "σ(-h) in place of σ(-β h) in the derivative."
            ),
            Mistake("np.log(sigmoid(beta * h))", "np.log(sigmoid(h))", "β is missing in the loss."),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
                "chosen - rejected",
                "The reference is forgotten: the loss would not begin at ln 2, and nothing would hold the model near it.",
            ),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
                "(rejected - ref_rejected) - (chosen - ref_chosen)",
                "The sign of h, which prefers the rejected answers: is rejected - chosen there, or q - p (model and reference exchanged)?",
            ),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
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
                "return -np.log(sigmoid(beta * h)).mean()",
                "return -beta * np.log(sigmoid(h)).mean()",
                "β stands outside of the log: it multiplies h, σ(β h).",
            ),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
                "(chosen - ref_rejected) - (rejected - ref_chosen)",
                "The references are exchanged: each answer is compared with the reference's log-probability of the same answer.",
            ),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
                "chosen - ref_chosen - rejected",
                "The reference of the rejected answer is missing: (log p - log q) of both.",
            ),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
                "chosen - (rejected - ref_rejected)",
                "The reference of the chosen answer is missing: (log p - log q) of both.",
            ),
            Mistake(
                "slope = -beta * sigmoid(-beta * h) / len(h)",
                "slope = -(beta**2) * sigmoid(-beta * h) / len(h)",
                "β came in twice in the derivative: dh/dchosen is 1, so one β.",
            ),
            Mistake(
                "slope = -beta * sigmoid(-beta * h) / len(h)",
                "slope = -beta * sigmoid(beta * h) / len(h)",
                "σ(β h) in place of σ(-β h): the pairs that are told apart already would pull the most.",
            ),
            Mistake(
                "slope = -beta * sigmoid(-beta * h) / len(h)",
                "slope = beta * sigmoid(-beta * h) / len(h)",
                "The sign of the derivative: the loss falls when the chosen answer becomes likelier.",
            ),
            Mistake(
                "slope, -slope",
                "slope, slope",
                "The rejected answer has the other sign: -slope.",
            ),
            Mistake(
                "return -np.log(sigmoid(beta * h)).mean()",
                "return np.log(sigmoid(beta * h)).mean()",
                "The sign of the loss: minus the log, so it is never negative.",
            ),
            Mistake(
                "return -np.log(sigmoid(beta * h)).mean()",
                "return -np.log(sigmoid(beta * h)).sum()",
                "The loss is the mean over the pairs, not their sum.",
            ),
            Mistake(
                "return -np.log(sigmoid(beta * h)).mean()",
                "return -sigmoid(beta * h).mean()",
                "The log is missing in the loss.",
            ),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
                "(np.exp(chosen) - np.exp(ref_chosen)) - (np.exp(rejected) - np.exp(ref_rejected))",
                "The probabilities were subtracted: h is made of their logarithms, as they are given.",
            ),
            Mistake(
                "(chosen - ref_chosen) - (rejected - ref_rejected)",
                "chosen / ref_chosen - rejected / ref_rejected",
                "Logarithms were divided: log p - log q is the log of p / q.",
            ),
            Mistake(
                "return -np.log(sigmoid(beta * h)).mean()",
                "return -np.log(sigmoid(beta * (chosen - ref_chosen) - (rejected - ref_rejected))).mean()",
                "β multiplies the chosen answer alone in the loss: the brackets, β ((chosen ...) - (rejected ...)).",
            ),
        ],
        outputs=("loss", "dchosen", "drejected"),
    ),
    Exercise(
        "group_advantages",
        lambda rng: [
            (rng.normal(0, 1, 6), 3),
            (np.array([1.0, 1.0, 0.0, 3.0, 3.0, 3.0, 3.0, 2.0]), 4),
            (np.array([1.0, 1.0, 0.0, 2.0, 0.1, 0.1001]), 2),  # a group all alike, and one nearly so
        ],
        [
            "rewards.reshape(-1, group) puts each prompt's rewards into a row.",
            "The mean of each row, kept as a column: rows.mean(axis=1, keepdims=True). The same for std, with ddof=1.",
            "(rows - mean) / (spread + 1e-4), and back into one row of numbers with .reshape(-1).",
        ],
        [
            Mistake(", ddof=1", "", "NumPy's std divides by the group's size. Here it is to be one less: ddof=1."),
            Mistake("(centred / (spread + 1e-4))", "centred", "They are not divided by the standard deviation."),
            Mistake(
                "centred = rows - rows.mean(axis=1, keepdims=True)",
                "centred = rows - rows.mean()",
                "You took the mean of all rewards. An easy prompt would then look like a good answer: each group has its own.",
            ),
            Mistake(
                "rows.std(axis=1, keepdims=True, ddof=1)",
                "rows.std(ddof=1)",
                "You took the standard deviation of all rewards. Each group has its own.",
            ),
            Mistake(
                "rewards.reshape(-1, group)",
                "rewards.reshape(group, -1).T",
                "The groups are mixed up: every `group` rewards in a row belong together.",
            ),
            Mistake("spread + 1e-4", "spread", "Without 1e-4 a group whose rewards are all alike gives 0 / 0."),
            Mistake(
                "rows.std(axis=1, keepdims=True, ddof=1)",
                "rows.var(axis=1, keepdims=True, ddof=1)",
                "You divided by the variance: by its square root, the standard deviation.",
            ),
            Mistake(
                "rows - rows.mean(axis=1, keepdims=True)",
                "rows.mean(axis=1, keepdims=True) - rows",
                "The sign: the reward less the mean, so that a good answer has a positive advantage.",
            ),
            Mistake(
                "rows - rows.mean(axis=1, keepdims=True)",
                "rows - (rows.sum(axis=1, keepdims=True) - rows) / (group - 1)",
                "The mean was taken of the other answers (leave-one-out): here it is the mean of the whole group.",
            ),
            Mistake(
                "    centred = rows - rows.mean(axis=1, keepdims=True)\n    spread = rows.std(axis=1, keepdims=True, ddof=1)",
                "    centred = rows - rows.mean()\n    spread = rows.std(ddof=1)",
                "Mean and standard deviation are those of all rewards: each group, one prompt, has its own.",
            ),
            Mistake(
                "spread + 1e-4",
                "np.maximum(spread, 1e-4)",
                "1e-4 is a lower bound in your code: it is added, spread + 1e-4.",
            ),
            Mistake(
                "rows.std(axis=1, keepdims=True, ddof=1)",
                "np.sqrt(rows.var(axis=1, keepdims=True, ddof=1) + 1e-4)",
                "1e-4 stands inside of the root: it is added to the standard deviation.",
            ),
            Mistake(
                "(centred / (spread + 1e-4)).reshape(-1)",
                "centred / (spread + 1e-4)",
                "The groups are still rows: .reshape(-1) lays them end to end, (B,).",
            ),
            Mistake(
                "rows - rows.mean(axis=1, keepdims=True)",
                "rows - np.median(rows, axis=1, keepdims=True)",
                "The median was subtracted: the mean of the group.",
            ),
            Mistake(
                "    centred = rows - rows.mean(axis=1, keepdims=True)\n    spread = rows.std(axis=1, keepdims=True, ddof=1)",
                "    centred = rows - rows.mean(axis=0, keepdims=True)\n    spread = rows.std(axis=0, keepdims=True, ddof=1)",
                "Mean and standard deviation went over the prompts, axis=0: over the answers of one prompt, axis=1.",
            ),
            Mistake(
                "rows - rows.mean(axis=1, keepdims=True)",
                "rows",
                "The mean of the group was not subtracted: then there are no bad answers.",
            ),
            Mistake(
                "rows - rows.mean(axis=1, keepdims=True)",
                "rows - rows.min(axis=1, keepdims=True)",
                "The smallest of each group was subtracted: its mean.",
            ),
            Mistake(
                "(centred / (spread + 1e-4))",
                "(centred * (spread + 1e-4))",
                "You multiplied by the standard deviation: divide.",
            ),
            Mistake(
                "(centred / (spread + 1e-4))",
                "(rows - rows.mean(axis=1, keepdims=True) / (spread + 1e-4))",
                "The brackets: rows - mean / (...) divides the mean alone. (rows - mean) / (spread + 1e-4).",
            ),
            Mistake(
                "    rows = rewards.reshape(-1, group)",
                "    rows = rewards.reshape(group, -1)",
                "The rows have the wrong length: reshape(-1, group) makes rows of `group` rewards.",
            ),
        ],
    ),
]
