"""Checks of lesson 20."""

import numpy as np

from minillm.course import Exercise, Mistake

LAW = (1.8, 280.0, 0.88, 1300.0, 0.72)
SIZES = np.round(np.geomspace(300, 1e5, 14))

CHANGES = (
    "parameters: twice the width",
    "parameters: twice the layers",
    "parameters: twice the heads",
    "parameters: twice the context",
    "Adam's moments: twice the batch",
    "attention maps that are kept: twice the context, half the batch",
    "operations of a run: twice the width, half the steps",
    "the best size: four times the operations, and exponents that are equal",
)

MATRICES = "    matrices = 12 * layers * width * width\n"
PARAMETERS = "vocab * width + context * width + matrices + layers * 4 * width + 2 * width"
ATTENTION = "12 * layers * context * width"
OPERATIONS = "tokens * (6 * (matrices + vocab * width) + attention)"
LEFT = "    left = loss - E - A / sizes**a  # what B / D^b may be\n"
TOKENS = "np.where(reached, (B / np.where(reached, left, 1.0)) ** (1 / b), np.inf)"
TOTAL = "    operations = 6 * sizes * tokens + 2 * sizes * answers\n"
BEST = "    best = operations.argmin()\n"
RESULT = "    return float(sizes[best]), float(tokens[best]), float(operations[best])\n"

EXERCISES = [
    Exercise(
        "training_cost",
        lambda rng: [
            (100, 64, 4, 64, 8),
            (50, 16, 1, 8, 3),
            (
                int(rng.integers(60, 90)),
                int(rng.integers(20, 50)),
                int(rng.integers(2, 7)),
                48,
                int(rng.integers(2, 9)),
            ),
        ],
        [
            "Per block: four matrices width × width for attention, one width × 4 width and one back. That is 12 · width².",
            "A block has two LayerNorms of 2 · width parameters each, and one more stands behind the last block.",
            "Operations: 6 for each token and each weight that is multiplied. The head is multiplied; the embedding and the positions are "
            "looked up.",
            "Attention: q kᵀ and p v, 2 · context · width operations each for a token and a block; backward twice as many: 12 in all.",
        ],
        [
            Mistake(
                MATRICES,
                "    matrices = 8 * layers * width * width\n",
                "A block has 8 · width² weights with you: that is the feed-forward layer alone. Attention has four matrices more.",
            ),
            Mistake(
                MATRICES,
                "    matrices = 4 * layers * width * width\n",
                "A block has 4 · width² weights with you: that is attention alone. The feed-forward layer has 8 · width² more.",
            ),
            Mistake(
                MATRICES,
                "    matrices = 11 * layers * width * width\n",
                "One of attention's four matrices is missing: query, key, value, and the output.",
            ),
            Mistake(
                MATRICES,
                "    matrices = 12 * width * width\n",
                "There is one block with you: there are `layers` of them.",
            ),
            Mistake(
                PARAMETERS,
                "2 * vocab * width + context * width + matrices + layers * 4 * width + 2 * width",
                "The head was counted beside the embedding: it is the same table, so one time.",
            ),
            Mistake(
                PARAMETERS,
                "vocab * width + matrices + layers * 4 * width + 2 * width",
                "The positions are missing: they are learned, context · width.",
            ),
            Mistake(
                PARAMETERS,
                "context * width + matrices + layers * 4 * width + 2 * width",
                "The embedding is missing: vocab · width.",
            ),
            Mistake(
                PARAMETERS,
                "vocab * width + context * width + matrices",
                "The LayerNorms are missing: two in each block and one at the end, with 2 · width each.",
            ),
            Mistake(
                PARAMETERS,
                "vocab * width + context * width + matrices + layers * 4 * width",
                "The last LayerNorm is missing, behind the last block: 2 · width.",
            ),
            Mistake(
                PARAMETERS,
                "vocab * width + context * width + matrices + layers * 2 * width + 2 * width",
                "A block has two LayerNorms, each with a gain and a bias: 4 · width.",
            ),
            Mistake(
                PARAMETERS,
                "vocab * width + context * width + matrices + layers * 4 * width + 2 * width + layers * 9 * width",
                "The linear layers got biases: here they have none.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * (2 * (matrices + vocab * width) + attention // 3)",
                "That is the forward pass alone: backward costs twice as much, so 6 for each weight and token.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * (3 * (matrices + vocab * width) + attention // 2)",
                "A multiplication and an addition are two operations: 6 for each weight and token, not 3.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * (4 * (matrices + vocab * width) + attention)",
                "Backward alone is 4 for each weight and token; with the forward pass it is 6.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * (6 * parameters + attention)",
                "All parameters were multiplied: positions, gains and biases are not.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * (6 * (matrices + vocab * width + context * width) + attention)",
                "The positions are looked up and added: they are multiplied with nothing.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * (6 * matrices + attention)",
                "The head is missing: the table is looked up at the bottom, and multiplied at the top, vocab · width weights.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * (6 * (matrices + 2 * vocab * width) + attention)",
                "The embedding was multiplied too: its rows are looked up. Only the head multiplies with the table.",
            ),
            Mistake(
                OPERATIONS,
                "tokens * 6 * (matrices + vocab * width)",
                "Attention's own products are missing, q kᵀ and p v: 12 · layers · context · width for a token.",
            ),
            Mistake(
                ATTENTION,
                "4 * layers * context * width",
                "Attention's products were counted forward only: with backward it is 12, not 4.",
            ),
            Mistake(
                ATTENTION,
                "6 * layers * context * width",
                "One of attention's two products is missing, or the masked half of both: all of q kᵀ and of p v is computed.",
            ),
            Mistake(
                ATTENTION,
                "12 * layers * context * context * width",
                "Attention costs context · width for *each* token. The number of tokens comes in once more afterwards: it was counted twice.",
            ),
            Mistake(
                "    tokens = batch * context\n",
                "    tokens = batch\n",
                "A step reads `batch` texts, each of `context` tokens: these are batch · context tokens.",
            ),
            Mistake(
                "    tokens = batch * context\n",
                "    tokens = 1\n",
                "These are the operations of one token: a step has batch · context.",
            ),
            Mistake(
                "    tokens = batch * context\n",
                "    tokens = context\n",
                "These are the operations of one text: a step reads `batch` of them.",
            ),
            Mistake(
                "16 * parameters",
                "4 * parameters",
                "These are the weights alone: gradients and two moments are as large, each.",
            ),
            Mistake(
                "16 * parameters",
                "8 * parameters",
                "Weights and gradients: Adam keeps two moments more for each parameter.",
            ),
            Mistake(
                "16 * parameters",
                "12 * parameters",
                "Three numbers of 4 bytes: there are four, weight, gradient, and *two* moments.",
            ),
            Mistake(
                "16 * parameters",
                "4 * 4 * matrices",
                "Embedding, positions and LayerNorms have gradients and moments as well: all parameters count.",
            ),
            Mistake(
                "16 * parameters",
                "32 * parameters",
                "float32 has 4 bytes, not 8.",
            ),
        ],
    ),
    Exercise(
        "cheapest_size",
        lambda rng: [
            (SIZES, LAW, 2.0, 0.0),
            (SIZES, LAW, 2.0, 3e6),
            (SIZES, LAW, 1.9, 1e9),
            (SIZES * rng.uniform(0.8, 1.2, len(SIZES)), LAW, float(rng.uniform(1.95, 2.1)), 2e6),
        ],
        [
            "Solve loss = E + A / N^a + B / D^b for D, for each size: first, what may B / D^b be?",
            "left = loss - E - A / N^a. Where it is 0 or less, no number of tokens is enough: D is infinite.",
            "B / D^b = left, so D = (B / left)^(1/b).",
            "Training costs 6 N D, and each token that is written 2 N. The smallest sum wins: argmin.",
        ],
        [
            Mistake(
                TOTAL,
                "    operations = 6 * sizes * tokens\n",
                "The answers cost nothing with you: each token that is written costs 2 operations for each weight.",
            ),
            Mistake(
                TOTAL,
                "    operations = 6 * sizes * (tokens + answers)\n",
                "A token that is written costs a forward pass, 2 for each weight, not 6: nobody goes backward.",
            ),
            Mistake(
                TOTAL,
                "    operations = 2 * sizes * (tokens + answers)\n",
                "Training costs 6 for each weight and token: forward and backward.",
            ),
            Mistake(
                TOTAL,
                "    operations = 6 * sizes * tokens + 2 * answers\n",
                "Each token that is written costs 2 operations for *each weight*.",
            ),
            Mistake(
                TOTAL,
                "    operations = 6 * tokens + 2 * answers + 0 * sizes\n",
                "The operations don't depend on the size with you: 6 N D and 2 N for each token that is written.",
            ),
            Mistake(
                LEFT,
                "    left = loss - A / sizes**a\n",
                "E is missing: what is left for B / D^b is the loss less the floor and less A / N^a.",
            ),
            Mistake(
                LEFT,
                "    left = loss - E + 0 * sizes\n",
                "A / N^a is missing: a small model needs more tokens, since it can't hold all.",
            ),
            Mistake(
                LEFT,
                "    left = loss - E - A * sizes**a\n",
                "A is divided by N^a: a larger model has a lower loss.",
            ),
            Mistake(
                LEFT,
                "    left = loss - E - (A / sizes) ** a\n",
                "A / N^a, not (A / N)^a: the power belongs to N alone.",
            ),
            Mistake(
                LEFT,
                "    left = loss - E - A / sizes**b\n",
                "The exponent of N is a: b belongs to D.",
            ),
            Mistake(
                TOKENS,
                "np.where(reached, (B / np.where(reached, left, 1.0)) ** b, np.inf)",
                "D^b = B / left, so D is its power 1/b, not b.",
            ),
            Mistake(
                TOKENS,
                "np.where(reached, (B / np.where(reached, left, 1.0)) ** (1 / a), np.inf)",
                "The exponent of D is b: a belongs to N.",
            ),
            Mistake(
                TOKENS,
                "np.where(reached, B ** (1 / b) / np.where(reached, left, 1.0), np.inf)",
                "The power 1/b belongs to all of B / left.",
            ),
            Mistake(
                TOKENS,
                "np.where(reached, np.where(reached, left / B, 1.0) ** (1 / b), np.inf)",
                "The fraction is upside down: D^b = B / left.",
            ),
            Mistake(
                TOKENS,
                "np.where(reached, B / np.where(reached, left, 1.0), np.inf)",
                "The exponent of D is missing: D = (B / left)^(1/b).",
            ),
            Mistake(
                TOKENS,
                "(B / left) ** (1 / b)",
                "Where left is negative its root is NaN, and argmin takes a NaN for the least: such a size never reaches the loss, leave it out.",
            ),
            Mistake(
                TOKENS,
                "(B / np.abs(left)) ** (1 / b)",
                "Where left is negative, its sign was dropped: such a size never reaches the loss, and D is infinite.",
            ),
            Mistake(
                TOKENS,
                "np.where(reached, (B / np.where(reached, left, 1.0)) ** (1 / b), 0.0)",
                "A size that never reaches the loss got 0 tokens, which is cheap: it needs infinitely many.",
            ),
            Mistake(
                BEST,
                "    best = tokens.argmin()\n",
                "That is the size with the fewest tokens, always the largest: the fewest *operations* are asked for.",
            ),
            Mistake(
                BEST,
                "    best = reached.argmax()\n",
                "That is the smallest size that reaches the loss at all: it may have to read for ages.",
            ),
            Mistake(
                BEST,
                "    best = (6 * sizes * tokens).argmin()\n",
                "The size is the one that is cheapest to train: the answers count for the choice as well.",
            ),
            Mistake(
                RESULT,
                "    return float(best), float(tokens[best]), float(operations[best])\n",
                "That is the place of the size in `sizes`: the size itself is asked for.",
            ),
            Mistake(
                RESULT,
                "    return float(sizes[best]), float(tokens[best]), float(6 * sizes[best] * tokens[best])\n",
                "The operations that you return are those of the training: those of the answers belong to them.",
            ),
            Mistake(
                RESULT,
                "    return float(sizes[best]), float(tokens[best] + answers), float(operations[best])\n",
                "The tokens that it must be trained with: those that it will write are not among them.",
            ),
            Mistake(
                RESULT,
                "    return float(tokens[best]), float(sizes[best]), float(operations[best])\n",
                "Size and tokens are exchanged: the size stands first.",
            ),
        ],
        outputs=("size", "tokens", "operations"),
    ),
    Exercise(
        "predict",
        lambda rng: [(change,) for change in CHANGES],
        [
            "12 L D²: which of width, layers and heads stands in it, and how often?",
            "Positions are a table of context · width, which is little beside the matrices. Moments belong to parameters, not to texts.",
            "A map has T × T numbers for each text and head. Half as many texts, of twice the length?",
            "Best size: N grows as C^(b / (a + b)). With a = b that is the square root.",
        ],
        [
            Mistake(
                '"parameters: twice the width": "four times"',
                '"parameters: twice the width": "twice"',
                "Matrices are width × width: twice the width makes them four times as large. Only tables and LayerNorms double.",
            ),
            Mistake(
                '"parameters: twice the layers": "twice"',
                '"parameters: twice the layers": "same"',
                "Each block has weights of its own: twice the layers, nearly twice the parameters.",
            ),
            Mistake(
                '"parameters: twice the layers": "twice"',
                '"parameters: twice the layers": "four times"',
                "12 L D²: the layers stand there once, without a square.",
            ),
            Mistake(
                '"parameters: twice the heads": "same"',
                '"parameters: twice the heads": "twice"',
                "The heads share the width: with twice as many each is half as wide, and the matrices stay width × width.",
            ),
            Mistake(
                '"parameters: twice the context": "same"',
                '"parameters: twice the context": "twice"',
                "The same weights read every token. Only the table of positions grows, and it is small.",
            ),
            Mistake(
                '"Adam\'s moments: twice the batch": "same"',
                '"Adam\'s moments: twice the batch": "twice"',
                "Adam keeps two numbers for each parameter, however many texts a gradient came from.",
            ),
            Mistake(
                'half the batch": "twice"',
                'half the batch": "same"',
                "A map is T × T: each of the half as many texts has four times as large a one.",
            ),
            Mistake(
                'half the batch": "twice"',
                'half the batch": "four times"',
                "Each map is four times as large, and there are half as many of them.",
            ),
            Mistake(
                'half the steps": "twice"',
                'half the steps": "same"',
                "A step costs nearly four times as much, and there are half as many: the width comes in squared.",
            ),
            Mistake(
                'half the steps": "twice"',
                'half the steps": "four times"',
                "A step costs four times as much, but there are half as many.",
            ),
            Mistake(
                'exponents that are equal": "twice"',
                'exponents that are equal": "four times"',
                "The tokens grow as well: with equal exponents both N and D grow as the root of the operations.",
            ),
            Mistake(
                'exponents that are equal": "twice"',
                'exponents that are equal": "same"',
                "More operations would go into tokens alone. The loss is least where both N and D grow.",
            ),
        ],
    ),
]
