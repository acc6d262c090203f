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
                "The sign: this prefers the rejected answers.",
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
        ],
        outputs=("loss", "dchosen", "drejected"),
    ),
    Exercise(
        "group_advantages",
        lambda rng: [(rng.normal(0, 1, 6), 3), (np.array([1.0, 1.0, 0.0, 3.0, 3.0, 3.0, 3.0, 2.0]), 4)],
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
        ],
    ),
]
