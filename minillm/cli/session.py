"""The life of a training run at the terminal, the same for every command: begun or gone on with, planned, trained, stopped, reported."""

import contextlib
import dataclasses
import signal
import sys
from collections.abc import Iterator

from tqdm import tqdm

from minillm.backend import Device, choose_device
from minillm.cli.curve import draw_curve
from minillm.cli.job import Job
from minillm.cli.tensorboard import TensorBoard, check_installed
from minillm.cli.terminal import program, say, shell_word
from minillm.errors import InputError
from minillm.files import reading
from minillm.training import DeadWorkerError, DivergedError, Progress, Run, SavedRun, Trainer
from minillm.training.checkpoint import RETRAIN
from minillm.training.plan import describe_plan
from minillm.training.run import OPTIONS
from minillm.units import count, duration


def run(kind: type[Job], args) -> int:
    """Begin a run or go on with it, and train: the exit code."""
    if args.stop_at is not None and args.stop_at < 1:
        raise InputError(f"--stop-at must be at least 1, got {args.stop_at}.", "Give the number of a step.")
    if args.tensorboard:
        check_installed()
    folder = kind.open(args)
    with folder.lock(resume=args.resume):
        device = choose_device(args.device)
        job = (resume if args.resume else start)(kind, folder, args, device)
        trainer = job.trainer
        workers = f", {trainer.options.workers} processes that share each batch" if trainer.options.workers > 1 else ""
        say(f"device  {device.name}: {device.reason}{workers}")
        for line in job.describe():
            say(line)
        stopped = carry_out(job, args.stop_at, tensorboard=bool(args.tensorboard))
        if stopped is not None:
            return stopped
        chance, frequencies = job.baselines
        baselines = f" (a blind guess: {chance:.2f}, frequencies: {frequencies:.2f})" if frequencies is not None else ""
        say(
            f"done    {duration(trainer.elapsed)}, best validation loss {trainer.best_loss:.3f} at step {trainer.best_step:,}"
            f"{baselines}: {folder.directory}"
        )
        job.conclude(device)
    return 0


def start(kind: type[Job], folder: Run, args, device: Device) -> Job:
    folder.refuse_to_replace(kind.inputs(args))
    if not args.overwrite:
        folder.refuse_existing()
    job = kind.start(folder, args, device)
    chance, unigram = job.baselines
    job.facts = dataclasses.replace(job.facts, chance=chance, unigram=unigram)
    folder.create(job.trainer, job.tokenizer, job.trainer.options, job.facts, overwrite=args.overwrite)
    return job


def resume(kind: type[Job], folder: Run, args, device: Device) -> Job:
    options, facts = folder.read_options()
    if not kind.began(facts.settings):
        raise InputError(
            f"{folder.directory} holds a run that {kind.command} did not begin.", "Go on with the command that did."
        )
    config = folder.config()
    tokenizer = folder.tokenizer(config)
    with reading(folder.path(OPTIONS), f"description of a run of {kind.command}", RETRAIN):
        kind.check(facts.settings, config, tokenizer)
    job = kind.resume(folder, args, SavedRun(folder, options, facts, config, tokenizer, say), device)
    folder.load(job.trainer)
    done = job.trainer.steps_done
    for name, does in (("steps", "end"), ("stop_at", "stop")):
        asked = getattr(args, name)
        if asked is not None and asked < done:
            raise InputError(
                f"This run has done {count(done, 'step')}, and cannot {does} at {asked}.", "Give a later step."
            )
    folder.write_options(job.trainer.options, job.facts)
    return job


def announce_plan(job: Job, stop_at: int | None) -> None:
    """How long it will take, to the end or to --stop-at, before it starts."""
    plan = describe_plan(job.trainer, job.validation_batches(), stop_at)
    if plan is None:
        done = count(job.trainer.steps_done, "step")
        say(f"plan    none: this run is finished, after {done}; more --steps or --minutes make it longer")
    else:
        say(f"plan    {plan} ({job.tokens():,} tokens a step) -> {job.folder.directory}   Ctrl-C stops and saves")


STOP_AT = object()


def carry_out(job: Job, stop_at: int | None, *, tensorboard: bool) -> int | None:
    """Tell the plan, train, and draw the curve. None at the end of the run; else it was stopped, and this is the exit code."""
    folder, trainer = job.folder, job.trainer
    go_on = f"To go on:\n  {program()} {job.command} --resume --out {shell_word(folder.directory)}"
    try:
        announce_plan(job, stop_at)
        stopped = train(job, stop_at, tensorboard=tensorboard)
        draw_curve(job)
    except DeadWorkerError as error:
        stopped = error
    except KeyboardInterrupt:
        if folder.holds_run():
            say(f"\nStopped at once; what was saved last in {folder.directory} is whole. {go_on}")
        else:
            say(f"\nStopped at once; {folder.directory} does not hold this run any more.")
        raise
    if stopped is None:
        return None
    say(f"Stopped after step {trainer.steps_done:,}, saved in {folder.directory}. {go_on}")
    if isinstance(stopped, DeadWorkerError):
        raise stopped
    return 0 if stopped is STOP_AT else 128 + stopped


def train(job: Job, stop_at: int | None, *, tensorboard: bool):
    """Train to the end, logging and saving on the way.

    What stopped it: None (the end), STOP_AT, the number of a signal, or an error.
    """
    folder, trainer, tokens = job.folder, job.trainer, job.tokens()
    last = min(trainer.options.steps, stop_at or trainer.options.steps)
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
        total=last if trainer.options.minutes is None else None,
        initial=trainer.steps_done, unit="step", disable=None, leave=False, dynamic_ncols=True, file=sys.stderr,
    )  # fmt: skip
    died = None
    try:
        with saying_what_is_saved(folder), TensorBoard(job) if tensorboard else contextlib.nullcontext() as board:
            try:
                for progress in trainer.run(stop=lambda: bool(caught), until=stop_at):
                    folder.log(progress)
                    if progress.loss is not None:
                        rate = bar.format_dict["rate"]
                        speed = f"{rate * tokens:,.0f} tokens/s" if rate else ""
                        bar.set_postfix_str(f"train loss {progress.loss:.3f} {speed}", refresh=False)
                    if progress.validation is None:
                        bar.update(1)
                        if board:
                            board.stepped(progress)
                        continue
                    save_checkpoint(folder, trainer, progress.best)
                    draw_curve(job)
                    sample = job.sample()
                    with tqdm.external_write_mode(file=sys.stderr):
                        say(report(trainer, progress, sample))
                    if board:
                        board.evaluated(progress, sample)
            except DeadWorkerError as error:  # between two updates: the weights are whole
                died = error
            except DivergedError as error:
                if folder.holds_run():
                    folder.log_divergence(error)
                raise
            if trainer.evaluated_step != trainer.steps_done:  # every evaluation is saved where it is made
                save_checkpoint(folder, trainer)
    finally:
        bar.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    if died or caught:
        return died or caught[0]
    return None if trainer.finished() else STOP_AT


@contextlib.contextmanager
def saying_what_is_saved(folder: Run) -> Iterator[None]:
    """An error that ends the training says what is left of it."""
    try:
        yield
    except InputError as error:
        if folder.holds_run():
            left = f"The last good checkpoint is kept in {folder.directory}."
            go_on = "" if isinstance(error, DivergedError) else " Then go on with --resume."
        else:
            left, go_on = f"{folder.directory} does not hold this run any more.", ""
        raise InputError(f"{error.wrong} {left}", error.remedy + go_on) from error


def save_checkpoint(folder: Run, trainer: Trainer, best: bool = False) -> None:
    if lost := folder.save(trainer, best):
        say(f"({', '.join(lost)} had gone from {folder.directory}, or changed: written again.)")


def report(trainer: Trainer, progress: Progress, sample: str) -> str:
    """One evaluation: the loss, and what the model makes of the text now."""
    best = " (best so far)" if progress.best else ""
    shown = sample.replace("\n", "\n    ")
    return f"step {progress.step:>6,}  {duration(trainer.elapsed):>11}  validation loss {progress.validation:.3f}{best}\n    {shown}\n"
