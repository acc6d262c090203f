"""What the log and the options tell. Each rule looks for one cause, and returns its finding or None.

The numbers were chosen on runs other than those that benchmarks/explain.py counts.
"""

import numpy as np

from minillm.explaining.evidence import Evidence
from minillm.explaining.finding import Finding
from minillm.units import per_cent

EPS = 1e-8  # AdamW's ε
ENOUGH = 0.05  # that a weight has to move: they begin at about 0.02, and have to grow


def diverged(e: Evidence) -> Finding | None:
    """The log says that the loss, the gradient or the weights were no longer finite numbers."""
    row = e.course.diverged
    if row is None:
        return None
    if row["step"] == 0:
        return Finding(
            "diverged",
            "the weights that training began with, or a setting, are too large: no step was done",
            (f"the {row['diverged']} was not finite before the first step",),
            "Begin with another checkpoint, or with the usual settings.",
        )
    return Finding(
        "diverged",
        "training diverged: numbers grew until they were none",
        (
            f"the {row['diverged']} was not finite by step {row['step']:,}, at a learning rate of up to {e.options.lr:g}",
        ),
        f"Train again with a smaller rate: `lr` {e.options.lr / 10:.1g}; with a longer `warmup` if it is short, and `clip` 1.",
    )


def constant_reward(e: Evidence) -> Finding | None:
    """In nine groups of ten all answers have the same reward: every advantage in such a group is zero, and nothing is learned from it
    (Yu et al. 2025, DAPO, section 3.2).
    """
    alike = e.course.alike[np.isfinite(e.course.alike)]
    if not len(alike) or alike.mean() < 0.9:
        return None
    return Finding(
        "constant_reward",
        "the reward does not tell the model's answers apart",
        (
            f"in {per_cent(alike.mean())} of the groups all answers had the same reward, so that their advantages are zero",
            f"mean reward at the end: {e.course.rewards[-1]:.3f}",
        ),
        "Choose a `reward` that differs between answers that the model writes now, or `prompts` that it answers in several ways.",
    )


def label_smoothing(e: Evidence) -> Finding | None:
    """More than 0.3 of each target goes to wrong tokens. Usual is 0.1 (Szegedy et al. 2016, section 7; Vaswani et al. 2017)."""
    if e.options.label_smoothing <= 0.3:
        return None
    return Finding(
        "label_smoothing",
        "label smoothing gives too much of each target to wrong answers",
        (f"`label_smoothing` is {e.options.label_smoothing:g}; 0.1 is usual", training_and_validation(e)),
        "Train again with `label_smoothing` 0.1, or without.",
    )


def dropout(e: Evidence) -> Finding | None:
    """More than 0.6 of the activations are dropped. Usual is 0.1 to 0.5 (Srivastava et al. 2014, section A.4; Vaswani et al. 2017)."""
    share = e.config.dropout
    if share <= 0.6:
        return None
    return Finding(
        "dropout",
        "dropout takes away more than the model can do without",
        (f"`dropout` is {share:g}; 0.1 to 0.5 are usual", training_and_validation(e)),
        "Train again with `dropout` 0.1.",
    )


def weight_decay(e: Evidence) -> Finding | None:
    """lr·λ is above 1/100: decay alone would take a weight to a third of itself within a hundred steps (Wang & Aitchison 2024: the
    weights are a mean of the last 1/(lr·λ) updates). With a decay of usual size it is the rate that is too high.
    """
    memory = 1 / max(e.options.lr * e.options.weight_decay, 1e-30)
    if memory > 100 or e.options.weight_decay < 1:
        return None
    return Finding(
        "weight_decay",
        "weight decay pulls the weights to zero faster than they learn",
        (
            f"`weight_decay` {e.options.weight_decay:g} at `lr` {e.options.lr:g}: a weight forgets within {memory:.0f} steps",
            against_baseline(e),
        ),
        "Train again with `weight_decay` 0.1.",
    )


def clipped(e: Evidence) -> Finding | None:
    """Every gradient is cut to a length at which AdamW's ε is no longer small beside it.

    AdamW divides a gradient's length out again, so that even hard clipping costs little; but not where the numbers of a gradient of length
    `clip`, about clip/√N each, come near ε.
    """
    norms, limit = e.course.norms[np.isfinite(e.course.norms)], e.options.clip
    size = limit / e.config.parameter_count() ** 0.5
    if not limit or not len(norms) or (norms > limit).mean() < 0.95 or size > 10 * EPS:
        return None
    return Finding(
        "clipped",
        "gradients are clipped to almost nothing",
        (
            f"{per_cent((norms > limit).mean())} of the logged gradients were longer than `clip` {limit:g}, by a factor of "
            f"{np.median(norms) / limit:,.0f}",
            f"what is left is about {size:.0e} a weight, no more than AdamW's ε of {EPS:g}",
            against_baseline(e),
        ),
        "Train again with `clip` 1.",
    )


def warmup_too_long(e: Evidence) -> Finding | None:
    """The warm-up takes all the steps, so that the learning rate never got to where it should be; and it should be high enough."""
    warmup, steps = e.options.warmup, e.options.steps
    if e.options.minutes is not None or warmup < steps or steps * e.options.lr < ENOUGH:
        return None
    return Finding(
        "warmup_too_long",
        "the warm-up is as long as the training: the learning rate only climbs",
        (f"`warmup` is {warmup:,}, `steps` is {steps:,}", against_baseline(e)),
        f"Train again with `warmup` {enough(e)}.",
    )


def rate_too_low(e: Evidence) -> Finding | None:
    """Next to nothing is learned, and all steps together could not move a weight by 0.05."""
    path = e.course.path()
    if not e.course.has() or not e.from_nothing or not e.learned_nothing() or not path < ENOUGH:
        return None
    return Finding(
        "rate_too_low",
        "the learning rate is too low",
        (
            f"{against_baseline(e)}",
            f"all {e.state.step:,} steps together can move a weight by {path:.2g} at most (the sum of the rates)",
        ),
        f"Train again with a higher rate: `lr` {max(1e-3, 10 * e.options.lr):.0e}.",
    )


def rate_too_high(e: Evidence) -> Finding | None:
    """The training loss itself went up again and stayed there, or next to nothing is learned at a rate above 0.02; or, at such a rate,
    what a pretrained model knew is lost: the training loss was twice that of a blind guess.

    Models of this width learn at 1e-3 to 1e-2, larger ones at less (Brown et al. 2020, table 2.1).
    """
    c, high, evidence = e.course, e.options.lr > 0.02, [against_baseline(e), f"`lr` is {e.options.lr:g}"]
    if not e.from_nothing:
        if not high or e.chance is None or not c.has() or not c.losses.max() > 2 * e.chance:
            return None
        evidence.insert(
            0, f"the training loss was up to {c.losses.max():.3f}, more than twice the {e.chance:.3f} of a blind guess"
        )
    else:
        if not c.has(logged=10):
            return None
        least = c.smooth.min()
        rose = c.final > 1.1 * least and c.final - least > 0.1 and c.final > 0.5
        if not rose and not (high and e.learned_nothing()):
            return None
        if rose:
            evidence.insert(
                0, f"the training loss had come down to {least:.3f}, and stands at {c.final:.3f} in the end"
            )
    return Finding(
        "rate_too_high",
        "the learning rate is too high",
        tuple(evidence),
        f"Train again with a lower rate: `lr` {min(e.options.lr / 10, 3e-3):.0e}.",
    )


def post_norm(e: Evidence) -> Finding | None:
    """LayerNorms that stand behind the sums, no warm-up, and next to nothing is learned: at first the gradients of the upper blocks are
    large, and without small steps such a model does not get away (Xiong et al. 2020, section 3).
    """
    if getattr(e.config, "norm", None) != "post" or not too_short(e) or not e.course.has() or not e.learned_nothing():
        return None
    if e.options.lr < 1e-3:  # they learned without a warm-up at 5e-4, with 1e-3 they did not
        return None
    return Finding(
        "post_norm",
        "a model with post-norm got no warm-up, and does not learn",
        (against_baseline(e), f"`norm` is post, `warmup` is {e.options.warmup}, `lr` is {e.options.lr:g}"),
        f"Train again with `norm` pre; or with a lower `lr`, such as 1e-03, and `warmup` {enough(e)}.",
    )


def too_short(e: Evidence) -> bool:
    """Whether there was as good as no warm-up."""
    return e.options.warmup <= max(3, e.options.steps // 100)


def enough(e: Evidence) -> int:
    """Steps of warm-up for such a run."""
    return max(10, min(100, e.options.steps // 10))


def no_warmup(e: Evidence) -> Finding | None:
    """The loss went up at first, by a seventh, and no warm-up kept the first steps small, when Adam's averages know nothing yet."""
    c = e.course
    if not c.has(logged=10) or not too_short(e):
        return None
    early = c.losses[1 : max(3, len(c.losses) // 4)]
    if early.max() < 8 / 7 * c.first:
        return None
    return Finding(
        "no_warmup",
        "there is no warm-up, and the first steps did damage",
        (
            f"the loss rose from {c.first:.3f} to {early.max():.3f} at step {int(c.steps[1 + early.argmax()]):,}",
            f"`warmup` is {e.options.warmup}",
        ),
        f"Train again with `warmup` {enough(e)}.",
    )


def no_shuffling(e: Evidence) -> Finding | None:
    """Either the training loss swings from nearly nothing to more than twice a blind guess: the model has just seen one class only (of a
    batch of fewer than eight, one example may do it).

    Or it is far below the validation loss before the text was read five times: up to four times are as good as new text (Muennighoff et
    al. 2023), so that the batches must be the same ones again and again. Or it is so before forty times, up to which they still found
    something to learn, and no evaluation beats the frequencies.
    """
    c, passes = e.course, e.passes()
    if not c.has(logged=10, evaluations=2):
        return None
    if swings(e):
        least = int((c.losses < 0.3 * e.chance).argmax())
        evidence = (
            f"the training loss had come down to {c.losses[least]:.3f} by step {int(c.steps[least]):,}, and was up to "
            f"{c.losses[least:].max():.3f} later; a blind guess has {e.chance:.3f}"
        )
    elif passes is not None and e.pretrains and overfits(e) and passes < (40 if never_better(e) else 5):
        evidence = f"the text was read {passes:.2g} times only, too seldom to be known by heart"
    else:
        return None
    return Finding(
        "no_shuffling",
        "batches are not drawn at random",
        (evidence, training_and_validation(e)),
        "Draw each batch at random from all of the data, with the generator that `batch(rng, size)` gets.",
    )


def never_better(e: Evidence) -> bool:
    """Whether no evaluation is better than who knows the frequencies alone."""
    return e.baseline is not None and e.course.best_validation > 0.98 * e.baseline


def swings(e: Evidence) -> bool:
    """Whether the loss of the examples in a batch was nearly nothing, and later more than twice that of a blind guess."""
    losses, each = e.course.losses, e.options.batch * e.options.accumulate
    if e.pretrains or e.chance is None or each < 8:
        return False
    low = losses < 0.3 * e.chance
    return low.any() and losses[low.argmax() :].max() > 2 * e.chance


def labels_are_noise(e: Evidence) -> Finding | None:
    """A classifier learns its examples by heart, and no evaluation beats the frequencies of the classes: labels don't follow from texts."""
    c = e.course
    if e.pretrains or e.unigram is None or not c.has(evaluations=2):
        return None
    if c.final > 0.7 * e.unigram or not never_better(e):
        return None
    return Finding(
        "labels_are_noise",
        "the labels do not follow from the texts",
        (
            f"the training loss came down to {c.final:.3f}, and the validation loss was never better than the {e.unigram:.3f} of the "
            f"frequencies of the classes (best: {c.best_validation:.3f})",
        ),
        "Read some lines of the data: has a column been sorted, or moved by a row? If they are right, more of them are needed.",
    )


def text_too_small(e: Evidence) -> Finding | None:
    """The validation loss rises again while the training loss is far below it: what is learned is the text, by heart."""
    c = e.course
    if not overfits(e):
        return None
    best = int(c.evaluated[c.validation.argmin()])
    passes = e.passes()
    read = () if passes is None else (f"it was read {passes:,.0f} times",)
    what = "text" if e.pretrains else "examples"
    return Finding(
        "text_too_small",
        f"the model learns its {what} by heart: too little data for so long a training",
        (
            f"the validation loss was best at step {best:,} with {c.best_validation:.3f}, and rose to {c.validation[-1]:.3f}",
            f"the training loss at the end: {c.final:.3f}",
            *read,
        ),
        f"Give more data; or fewer `steps` ({max(best, 1):,} were best, and are what is kept), a smaller model, or more `dropout`.",
    )


def stopped_early(e: Evidence) -> Finding | None:
    """The run has not done its steps; or it has, and the last quarter brought a seventh of all that was learned."""
    c, options = e.course, e.options
    if options.minutes is None:
        left, of = options.steps - e.state.step, f"{e.state.step:,} of {options.steps:,} steps are done"
    else:
        left, of = (
            0.98 * 60 * options.minutes - e.state.elapsed,
            f"{e.state.elapsed:,.0f} s of {options.minutes:g} minutes",
        )
    if left > 0 and e.settings.get("kl_budget") is None:
        return Finding(
            "stopped_early",
            "the run was stopped before its end",
            (of, training_and_validation(e)),
            "Go on with it: `resume`.",
        )
    quarter = len(c.losses) // 4
    if not e.pretrains or quarter < 3:
        return None
    before, last = float(c.losses[-2 * quarter : -quarter].mean()), float(c.losses[-quarter:].mean())
    if before - last < (c.first - last) / 7:
        return None
    return Finding(
        "stopped_early",
        "the run ended while the loss was still falling fast",
        (f"in the last quarter the training loss fell from {before:.3f} to {last:.3f}; it began at {c.first:.3f}",),
        f"Go on with it: `resume` with `steps` {2 * e.state.step}.",
    )


def overfits(e: Evidence) -> bool:
    """Whether the validation loss ends above its best, and the training loss a quarter below it. A classifier's training loss comes near
    zero where all is well: there it takes a tenth, and a half.
    """
    c, (above, below) = e.course, (1.01, 0.75) if e.pretrains else (1.1, 0.5)
    return c.has(evaluations=3) and c.validation[-1] > above * c.best_validation and c.final < below * c.validation[-1]


def training_and_validation(e: Evidence) -> str:
    c = e.course
    if not len(c.validation):
        return f"training loss {c.final:.3f}" if len(c.losses) else "no loss is logged yet"
    trained = f"training loss {c.final:.3f}, " if len(c.losses) else ""
    return f"{trained}validation loss {c.validation[-1]:.3f}"


def against_baseline(e: Evidence) -> str:
    """Where the training loss stands."""
    if e.unigram is not None:
        return f"{training_and_validation(e)}; who knows the frequencies alone has {e.unigram:.3f}"
    if e.chance is not None:
        return f"{training_and_validation(e)}; a blind guess has {e.chance:.3f}"
    return training_and_validation(e)
