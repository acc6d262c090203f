"""Exercises of lesson 20: what it costs.

Write what is missing, then: python -m minillm check 20
"""

import numpy as np

from minillm.models import GPT, GPTConfig
from minillm.pretraining.scaling_law import ScalingLaw
from minillm.training import TrainOptions
from minillm.training.cost import step_cost


def training_cost(vocab: int, context: int, layers: int, width: int, batch: int) -> tuple[int, int, int]:
    """The parameters of a GPT, the operations of one step of its training, and the bytes of what it keeps for each parameter.

    Its linear layers have no biases, a LayerNorm has a gain and a bias, the feed-forward layers are 4 · width wide inside, the head is the
    embedding again, positions are learned, and there is a LayerNorm behind the last block.
    A step reads `batch` texts of `context` tokens. Its operations are those of the matrix products: with weights, and of attention,
    forward and backward; all of attention's T × T products are computed, the masked ones too. What is looked up in a table costs none.
    The bytes are of weights, gradients, and Adam's two moments, in float32.
    For example vocab 100, context 64, layers 4, width 64 and batch 8 give (208256, 724303872, 3332096).

    Difficulty 2/5, about 15 minutes.
    """
    # solution
    matrices = 12 * layers * width * width
    parameters = vocab * width + context * width + matrices + layers * 4 * width + 2 * width
    tokens = batch * context
    attention = 12 * layers * context * width
    operations = tokens * (6 * (matrices + vocab * width) + attention)
    return parameters, operations, 16 * parameters
    # end


def cheapest_size(
    sizes: np.ndarray, law: tuple[float, float, float, float, float], loss: float, answers: float
) -> tuple[float, float, float]:
    """The size that reaches a loss with the fewest operations, if what the model will write afterwards is counted as well.

    sizes (S,): numbers of weights N that can be chosen. law (E, A, a, B, b): after D tokens a model of N weights has the loss
    E + A / N^a + B / D^b. loss: what must be reached. answers: how many tokens the model will write in its life.
    A token that is read in training costs 6 operations for each weight; one that is written costs a forward pass. Attention's own products
    are left out.
    Some sizes may never reach the loss, however much they read; at least one does.
    Returns the size, the tokens that it must be trained with, and the operations of training and answers together.

    Difficulty 4/5, about 20 minutes. Not in the lesson.
    """
    # solution
    E, A, a, B, b = law
    left = loss - E - A / sizes**a  # what B / D^b may be
    reached = left > 0
    tokens = np.where(reached, (B / np.where(reached, left, 1.0)) ** (1 / b), np.inf)
    operations = 6 * sizes * tokens + 2 * sizes * answers
    best = operations.argmin()
    return float(sizes[best]), float(tokens[best]), float(operations[best])
    # end


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


def predict(change: str) -> str:
    """Predict, then run: what becomes of what stands before the colon, if what stands behind it is changed and all else stays?

    The changes are those in CHANGES. The answer is one of "half", "same", "twice" and "four times", each to within a tenth.
    Write down all eight before you run anything. Then run this file: it makes the models and counts.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    return {
        "parameters: twice the width": "four times",
        "parameters: twice the layers": "twice",
        "parameters: twice the heads": "same",
        "parameters: twice the context": "same",
        "Adam's moments: twice the batch": "same",
        "attention maps that are kept: twice the context, half the batch": "twice",
        "operations of a run: twice the width, half the steps": "twice",
        "the best size: four times the operations, and exponents that are equal": "twice",
    }[change]
    # end


def try_out(change: str) -> str:
    """What really comes out: one of the four answers."""

    def config(width: int = 128, layers: int = 2, heads: int = 2, context: int = 16) -> GPTConfig:
        return GPTConfig(50, context=context, layers=layers, heads=heads, d_model=width)

    def parameters(**sizes: int) -> int:
        return GPT(config(**sizes)).vector.data.size

    def maps(context: int, batch: int) -> int:
        _, saved = GPT(config(context=context)).forward(np.zeros((batch, context), np.int64))
        return sum(block.attention.weights.nbytes for block in saved.blocks)

    def run(width: int, steps: int) -> int:
        return steps * step_cost(config(width=width), TrainOptions(batch=4)).flops

    def best(flops: float) -> float:
        return ScalingLaw(1.0, 10.0, 0.4, 20.0, 0.4).best_size(flops)[0]

    before, after = {
        "parameters: twice the width": lambda: (parameters(), parameters(width=256)),
        "parameters: twice the layers": lambda: (parameters(), parameters(layers=4)),
        "parameters: twice the heads": lambda: (parameters(), parameters(heads=4)),
        "parameters: twice the context": lambda: (parameters(), parameters(context=32)),
        "Adam's moments: twice the batch": lambda: (8 * parameters(), 8 * parameters()),  # no batch is asked for
        "attention maps that are kept: twice the context, half the batch": lambda: (maps(16, 4), maps(32, 2)),
        "operations of a run: twice the width, half the steps": lambda: (run(128, 10), run(256, 5)),
        "the best size: four times the operations, and exponents that are equal": lambda: (best(1e9), best(4e9)),
    }[change]()
    times = {"half": 0.5, "same": 1.0, "twice": 2.0, "four times": 4.0}
    return next((name for name, factor in times.items() if abs(after / before / factor - 1) < 0.1), "other")


if __name__ == "__main__":
    for change in CHANGES:
        print(f"{change:<72} you: {predict(change):<11} it is: {try_out(change)}")
