"""What a run is about to do, in words: how many steps, and how long they will take on this machine."""

import math

from minillm.training.trainer import Trainer
from minillm.units import count, duration


def describe_plan(trainer: Trainer, batches: int, stop_at: int | None = None) -> str | None:
    """From here to the end, or to the step `stop_at`, timed on real batches; None for a run that is finished.

    batches: of the whole validation part, which an evaluation reads unless `eval_batches` says otherwise.
    """
    options = trainer.options
    if trainer.finished():
        return None
    end = trainer.planned_steps()
    last = end if stop_at is None else min(stop_at, end)
    if options.minutes is not None and last == end:
        return f"{duration(60 * options.minutes)}, about {end:,} steps"
    left = last - trainer.steps_done
    steps = count(left, "step") + (f" to step {last:,} of {end:,}" if last < end else "")
    seconds = trainer.planned_seconds(left, min(batches, options.eval_batches or math.inf))
    return f"{steps}, about {duration(seconds)} on this machine"
