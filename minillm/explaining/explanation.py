"""From the evidence to one cause: the rules in their order, of which the first to fire is named."""

from collections.abc import Callable
from pathlib import Path

from minillm.explaining import loss_rules, tensor_rules, text_rules
from minillm.explaining.evidence import Evidence, read_evidence
from minillm.explaining.finding import Explanation, Finding
from minillm.units import count

# What explains most comes first: a run that saw the answers has no other fault worth naming, texts of unknown characters leave weights
# without a gradient, and one that was stopped may only have been stopped.
RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    loss_rules.diverged,
    loss_rules.constant_reward,
    text_rules.answer_in_the_input,
    text_rules.shifted_too_far,
    text_rules.softmax_twice,
    text_rules.other_files,
    text_rules.unknown_tokens,
    loss_rules.post_norm,
    tensor_rules.dead_heads,
    tensor_rules.dead_units,
    tensor_rules.frozen,
    loss_rules.label_smoothing,
    loss_rules.dropout,
    loss_rules.weight_decay,
    loss_rules.clipped,
    loss_rules.warmup_too_long,
    loss_rules.rate_too_low,
    loss_rules.rate_too_high,
    text_rules.leak,
    text_rules.other_text,
    loss_rules.no_shuffling,
    loss_rules.labels_are_noise,
    loss_rules.text_too_small,
    loss_rules.no_warmup,
    loss_rules.stopped_early,
)


def explain(
    directory: str | Path, *, text: str | None = None, report: Callable[[str], object] = lambda line: None
) -> Explanation:
    """What probably went wrong with the run in a folder, by its log, its checkpoint and its text, and what to do about it.

    `text` is where the run's text or examples are, if they are no longer where they were. `report` is told of each file outside the folder
    that is read because the folder names it. InputError for a folder without the log of a run.
    """
    return explanation_of(read_evidence(directory, text, report))


def explanation_of(e: Evidence) -> Explanation:
    finding = next((found for rule in RULES if (found := rule(e)) is not None), None)
    return Explanation(tuple(summary(e)), finding, tuple(looked_at(e)), e.absent)


def summary(e: Evidence) -> list[str]:
    """How far the run came, and where its loss stands between who knows nothing and what it reached."""
    c, of = e.course, f" of {e.options.steps:,}" if e.options.minutes is None else ""
    model = f"{e.config.name} of {e.config.parameter_count():,} parameters"
    lines = [f"{e.settings.get('objective', 'training')}, {model}, step {e.state.step:,}{of}"]
    if len(c.validation):
        best = c.best_validation
        lines.append(
            f"{loss_rules.training_and_validation(e)}; best validation loss {best:.3f} at step {int(c.evaluated[c.validation.argmin()]):,}"
        )
        known = {"a blind guess": e.chance, "who knows the frequencies": e.unigram}
        if said := ", ".join(f"{who} has {loss:.3f}" for who, loss in known.items() if loss is not None):
            lines.append(said)
    return lines


def looked_at(e: Evidence) -> list[str]:
    c = e.course
    seen = [f"{count(len(c.losses), 'logged step')} and {count(len(c.validation), 'evaluation')}", "the options"]
    if e.moments is not None:
        seen.append(f"the moments of {count(len(e.moments), 'tensor')}")
    if e.texts is not None:
        seen.append("the text: what the tokenizer makes of it, and what is in both parts")
        if e.texts.measured is not None:
            seen.append("the kept weights, measured anew")
    return seen
