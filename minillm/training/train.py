"""Train a model from a program."""

import sys

from minillm.errors import InputError
from minillm.models import GPT, Model
from minillm.objectives import CAUSAL, Data, Objective
from minillm.training.options import TrainOptions
from minillm.training.schedules import default_warmup
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
    """Train a model on batches from `data`, by default to guess the next token: what every logged step and every evaluation had to tell.

    `options` are the fields of `TrainOptions`: steps, batch, lr ...; warmup is by default a tenth of the steps, at most 100. The
    model keeps its last weights, or with `best` those of its lowest validation loss. With `progress` every evaluation is a line on
    standard error.
    """
    if objective is CAUSAL and not isinstance(model, GPT):
        raise InputError(
            f"This is {model.config.name}: guessing the next token, which it can see, would teach it nothing.",
            "Give the `objective` that its data is for, such as minillm.objectives.MASKED.",
        )
    options.setdefault("warmup", default_warmup(options.get("steps", TrainOptions.steps)))
    return run_to_end(Trainer(model, data, TrainOptions(**options), objective), best=best, progress=progress)


def run_to_end(trainer: Trainer, *, best: bool, progress: bool) -> list[Progress]:
    """As `train`, with a trainer that is there already."""
    vector, history, best_weights = trainer.model.vector, [], None
    for step in trainer.run():
        if step.loss is not None or step.validation is not None:
            history.append(step)
        if step.best and best:
            best_weights = vector.data.copy()
        if progress and step.validation is not None:
            print(f"step {step.step:>6,}  validation loss {step.validation:.3f}", file=sys.stderr, flush=True)
    if best_weights is not None:
        vector.data[...] = best_weights
    return history
