"""Train a model from a program."""

import sys

from minillm.models import Model
from minillm.objectives import CAUSAL, Data, Objective
from minillm.training.options import TrainOptions
from minillm.training.trainer import Progress, Trainer


def train(
    model: Model,
    data: Data,
    objective: Objective = CAUSAL,
    *,
    best: bool = False,
    progress: bool = True,
    **options,
) -> list[Progress]:
    """Train a model on batches from `data`: what every logged step and every evaluation had to tell, in order.

    `options` are the fields of `TrainOptions`: steps, batch, lr, eval_every ... The model keeps its last weights, or with `best` those of
    its lowest validation loss. With `progress` every evaluation is a line on standard error.
    """
    trainer = Trainer(model, data, TrainOptions(**options), objective)
    history, kept = [], None
    for told in trainer.run():
        if told.loss is not None or told.validation is not None:
            history.append(told)
        if told.best and best:
            kept = model.vector.data.copy()
        if progress and told.validation is not None:
            print(f"step {told.step:>6,}  validation loss {told.validation:.3f}", file=sys.stderr, flush=True)
    if kept is not None:
        model.vector.data[...] = kept
    return history
