"""The manners of a training run at the terminal: the plan, the progress, Ctrl-C, the curves."""

import math
import signal
import sys
from collections.abc import Callable

from tqdm import tqdm

from minillm.cli.terminal import count, duration, program, say, shell_word
from minillm.errors import InputError
from minillm.training import DivergedError, Progress, Run, Trainer

CHANGEABLE = ("steps", "minutes", "eval_every", "eval_batches", "workers")  # what --resume may alter


def changes(named: dict, fixed: dict) -> dict:
    """What --resume alters of a run: `named` on the command line, `fixed` when the run began, both by the names of the values.

    InputError for a value that can't be altered.
    """
    changed = {}
    for name, value in named.items():
        if name not in fixed or fixed[name] == value:
            continue
        if name not in CHANGEABLE:
            raise InputError(
                f"This run has {name} {fixed[name]}, and --resume cannot change it to {value}.",
                f"Leave `{name}` out, or start another run.",
            )
        changed[name] = value
    if "steps" in changed:
        changed.setdefault("minutes", None)
    return changed


def check_end(trainer: Trainer, steps: int | None, stop_at: int | None) -> None:
    """Raise InputError if a resumed run is already past the end that it is asked for."""
    if steps is not None and steps < trainer.steps_done:
        raise InputError(
            f"This run has done {trainer.steps_done} steps, and cannot end at {steps}.", "Give more --steps."
        )
    if stop_at is not None and stop_at < trainer.steps_done:
        raise InputError(
            f"This run has done {trainer.steps_done} steps, and cannot stop at {stop_at}.", "Give a later --stop-at."
        )


def announce_plan(trainer: Trainer, folder: Run, tokens: int, batches: int) -> None:
    """How long it will take, measured on real batches, before it starts. A step has so many tokens, an evaluation so many batches."""
    if trainer.finished():
        say(
            f"plan    none: this run is finished, after {count(trainer.steps_done, 'step')}; more --steps or --minutes make it longer"
        )
        return
    options, seconds = trainer.options, trainer.seconds_per_step()
    if options.minutes is not None:
        plan = f"{duration(60 * options.minutes)}, about {trainer.planned_steps():,} steps"
    else:
        left = max(options.steps - trainer.steps_done, 0)
        evaluation = 1 + seconds * 0.4 * min(batches, options.eval_batches or math.inf)
        total = left * seconds + (left // options.eval_every + 2) * evaluation
        plan = f"{count(left, 'step')}, about {duration(total)} on this machine"
    say(f"plan    {plan} ({tokens:,} tokens a step) -> {folder.directory}   Ctrl-C stops and saves")


STOP_AT = object()


def carry_out(
    command: str,
    folder: Run,
    trainer: Trainer,
    *,
    sample: Callable[[], str],
    draw: Callable[[], None],
    tokens: int,
    batches: int,
    stop_at: int | None,
) -> int | None:
    """Tell the plan, train, and draw the curve. None at the end of the run; else it was stopped, and this is the exit code."""
    go_on = f"To go on:\n  {program()} {command} --resume --out {shell_word(folder.directory)}"
    try:
        announce_plan(trainer, folder, tokens, batches)
        stopped = train(folder, trainer, sample=sample, draw=draw, tokens=tokens, stop_at=stop_at)
        draw()
    except KeyboardInterrupt:
        if folder.is_kept():
            say(f"\nStopped at once; what was saved last in {folder.directory} is whole. {go_on}")
        else:
            say(f"\nStopped at once; {folder.directory} does not hold this run any more.")
        raise
    if stopped is None:
        return None
    say(f"Stopped after step {trainer.steps_done:,}, saved in {folder.directory}. {go_on}")
    return 0 if stopped is STOP_AT else 128 + stopped


def train(
    folder: Run,
    trainer: Trainer,
    *,
    sample: Callable[[], str],
    draw: Callable[[], None],
    tokens: int,
    stop_at: int | None,
):
    """Train to the end, logging and saving on the way. What stopped it: None (the end), STOP_AT, or the number of a signal."""
    caught: list[int] = []

    def ask_to_stop(number, frame):
        if caught:  # a second Ctrl-C will not wait; the last checkpoint is whole
            raise KeyboardInterrupt
        caught.append(number)

    stops = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        stops.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask_to_stop) for number in stops}
    bar = tqdm(
        total=trainer.options.steps if trainer.options.minutes is None else None,
        initial=trainer.steps_done, unit="step", disable=None, leave=False, dynamic_ncols=True, file=sys.stderr,
    )  # fmt: skip
    try:
        for progress in trainer.run(stop=lambda: bool(caught), until=stop_at):
            folder.log(progress)
            if progress.loss is not None:
                rate = bar.format_dict["rate"]
                speed = f"{rate * tokens:,.0f} tokens/s" if rate else ""
                bar.set_postfix_str(f"train loss {progress.loss:.3f} {speed}", refresh=False)
            if progress.validation is None:
                bar.update(1)
                continue
            save(folder, trainer, progress.best)
            draw()
            with tqdm.external_write_mode(file=sys.stderr):
                say(report(trainer, progress, sample()))
        if trainer.evaluated_step != trainer.steps_done:  # every evaluation is saved where it is made
            save(folder, trainer)
    except InputError as error:
        if not folder.is_kept():
            raise InputError(
                f"{error.wrong} {folder.directory} does not hold this run any more.", error.remedy
            ) from error
        go_on = "" if isinstance(error, DivergedError) else " Then go on with --resume."
        raise InputError(
            f"{error.wrong} The last good checkpoint is kept in {folder.directory}.", error.remedy + go_on
        ) from error
    finally:
        bar.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        return caught[0]
    return None if trainer.finished() else STOP_AT


def save(folder: Run, trainer: Trainer, best: bool = False) -> None:
    if lost := folder.save(trainer, best):
        say(f"({', '.join(lost)} had gone from {folder.directory}, or changed: written again.)")


def report(trainer: Trainer, progress: Progress, sample: str) -> str:
    """One evaluation: the loss, and what the model makes of the text now."""
    best = " (best so far)" if progress.best else ""
    shown = sample.replace("\n", "\n    ")
    return f"step {progress.step:>6,}  {duration(trainer.elapsed):>11}  validation loss {progress.validation:.3f}{best}\n    {shown}\n"


def draw_curve(
    folder: Run, chance: float | None, unigram: float | None, *, per: str = "token", choices: str = "V"
) -> None:
    """loss.png, from the log: the loss `per` token, which is one of so many `choices`. No picture is no reason to stop."""
    from minillm.plots import loss_curve, save
    from minillm.training.run import CURVE

    entries = folder.read_log()
    figure = loss_curve(
        [(e["step"], e["loss"]) for e in entries if "loss" in e],
        [(e["step"], e["validation"]) for e in entries if "validation" in e],
        chance=chance,
        unigram=unigram,
        per=per,
        choices=choices,
    )
    losses = [e["validation"] for e in entries if "validation" in e]
    seen = (
        f"Validation loss falls from {losses[0]:.2f} to {min(losses):.2f} nats a {per}."
        if losses
        else "No evaluation yet."
    )
    try:
        save(figure, folder.path(CURVE), alt=f"Training and validation loss against the step. {seen}")
    except InputError as error:
        say(f"(No picture of the loss: {error.wrong})")
