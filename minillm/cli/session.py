"""The life of a training run at the terminal, the same for every command: begun or gone on with, planned, trained, stopped, reported."""

import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Iterator

from tqdm import tqdm

from minillm.backend import Device, choose_device
from minillm.cli.curve import draw_curve
from minillm.cli.job import Job
from minillm.cli.ranks import NoInput, join, together
from minillm.cli.tensorboard import TensorBoard, check_installed
from minillm.cli.terminal import program, say, shell_word
from minillm.errors import InputError
from minillm.files import reading
from minillm.training import DeadWorkerError, DivergedError, Progress, Run, SavedRun, Trainer
from minillm.training.checkpoint import RETRAIN
from minillm.training.mpi import world
from minillm.training.plan import describe_plan
from minillm.training.ranks import OneRank
from minillm.training.run import OPTIONS, share_state
from minillm.units import count, duration


def run(kind: type[Job], args) -> int:
    """Begin a run or go on with it, and train: the exit code."""
    if args.stop_at is not None and args.stop_at < 1:
        raise InputError(f"--stop-at must be at least 1, got {args.stop_at}.", "Give the number of a step.")
    if args.tensorboard:
        check_installed()
    with world() as ranks:
        return (follow if ranks.rank else lead)(kind, args, ranks)
    return 0  # of what ended all ranks, the first one tells


def lead(kind: type[Job], args, ranks: OneRank) -> int:
    """What the first rank does, or a process that trains alone."""
    with contextlib.ExitStack() as stack:
        with together(ranks):
            folder = kind.open(args)
            stack.enter_context(folder.lock(resume=args.resume))
            job = prepare(kind, folder, args, ranks)
        join(job, args, ranks)
        with together(ranks):
            (go_on if args.resume else begin)(job, args)
        trainer, device = job.trainer, job.trainer.model.vector.device
        share_state(trainer)
        workers = f", {trainer.workers.count} processes that share each batch" if trainer.workers.count > 1 else ""
        say(f"device  {device.name}: {device.reason}{workers}")
        for line in job.describe():
            say(line)
        if ranks.size > 1:
            say(
                f"ranks   {ranks.size}. If one dies, all end; what was saved last in {folder.directory} is whole. {to_go_on(job)}"
            )
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


def follow(kind: type[Job], args, ranks: OneRank) -> int:
    """What every other rank does: the same steps. It writes nothing and says nothing."""
    sys.stdin = NoInput()
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        with together(ranks):
            job = prepare(kind, kind.open(args), args, ranks)
        join(job, args, ranks)
        with together(ranks):
            pass  # while the first one writes, or reads
        share_state(job.trainer)
        describe_plan(job.trainer, job.validation_batches(), args.stop_at)  # which times steps
        with asked_to_stop() as caught:
            for _ in job.trainer.run(stop=lambda: bool(caught), until=args.stop_at):
                pass
    return 0


def prepare(kind: type[Job], folder: Run, args, ranks: OneRank) -> Job:
    """A run, new or as its folder has it, without its weights. Nothing is written."""
    if ranks.size > 1 and getattr(args, "size", None) and not args.resume:
        raise InputError(
            f"`size` auto times the steps of one process, and here are {ranks.size} ranks.",
            "Name `layers`, `heads` and `d_model`.",
        )
    device = dataclasses.replace(choose_device(args.device, ranks.local_rank), cores=ranks.cores)
    return (prepare_again if args.resume else prepare_new)(kind, folder, args, device)


def prepare_new(kind: type[Job], folder: Run, args, device: Device) -> Job:
    folder.refuse_to_replace(kind.inputs(args))
    if not args.overwrite:
        folder.refuse_existing()
    job = kind.start(folder, args, device)
    chance, unigram = job.baselines
    job.facts = dataclasses.replace(job.facts, chance=chance, unigram=unigram)
    return job


def prepare_again(kind: type[Job], folder: Run, args, device: Device) -> Job:
    options, facts = folder.read_options()
    if not kind.began(facts.settings):
        raise InputError(
            f"{folder.directory} holds a run that {kind.command} did not begin.", "Go on with the command that did."
        )
    config = folder.config()
    tokenizer = folder.tokenizer(config)
    with reading(folder.path(OPTIONS), f"description of a run of {kind.command}", RETRAIN):
        kind.check(facts.settings, config, tokenizer)
    return kind.resume(folder, args, SavedRun(folder, options, facts, config, tokenizer, say), device)


def begin(job: Job, args) -> None:
    job.folder.create(job.trainer, job.tokenizer, job.trainer.options, job.facts, overwrite=args.overwrite)


def go_on(job: Job, args) -> None:
    job.folder.load(job.trainer)
    done = job.trainer.steps_done
    for name, does in (("steps", "end"), ("stop_at", "stop")):
        asked = getattr(args, name)
        if asked is not None and asked < done:
            raise InputError(
                f"This run has done {count(done, 'step')}, and cannot {does} at {asked}.", "Give a later step."
            )
    job.folder.write_options(job.trainer.options, job.facts)


def announce_plan(job: Job, stop_at: int | None) -> None:
    """How long it will take, to the end or to --stop-at, before it starts."""
    plan = describe_plan(job.trainer, job.validation_batches(), stop_at)
    if plan is None:
        done = count(job.trainer.steps_done, "step")
        say(f"plan    none: this run is finished, after {done}; more --steps or --minutes make it longer")
    else:
        say(f"plan    {plan} ({job.tokens():,} tokens a step) -> {job.folder.directory}   Ctrl-C stops and saves")


def to_go_on(job: Job) -> str:
    ranks = job.trainer.ranks.size
    launcher = f"mpiexec -n {ranks} " if ranks > 1 else ""
    return f"To go on:\n  {launcher}{program()} {job.command} --resume --out {shell_word(job.folder.directory)}"


STOP_AT = object()


def carry_out(job: Job, stop_at: int | None, *, tensorboard: bool) -> int | None:
    """Tell the plan, train, and draw the curve. None at the end of the run; else it was stopped, and this is the exit code."""
    folder, trainer = job.folder, job.trainer
    try:
        announce_plan(job, stop_at)
        stopped = train(job, stop_at, tensorboard=tensorboard)
        draw_curve(job)
    except DeadWorkerError as error:
        stopped = error
    except KeyboardInterrupt:
        if folder.holds_run():
            say(f"\nStopped at once; what was saved last in {folder.directory} is whole. {to_go_on(job)}")
        else:
            say(f"\nStopped at once; {folder.directory} does not hold this run any more.")
        raise
    if stopped is None:
        return None
    say(f"Stopped after step {trainer.steps_done:,}, saved in {folder.directory}. {to_go_on(job)}")
    if isinstance(stopped, DeadWorkerError):
        raise stopped
    return 0 if stopped is STOP_AT else 128 + stopped


def train(job: Job, stop_at: int | None, *, tensorboard: bool):
    """Train to the end, logging and saving on the way.

    What stopped it: None (the end), STOP_AT, the number of a signal, or an error.
    """
    folder, trainer, tokens = job.folder, job.trainer, job.tokens()
    last = min(trainer.options.steps, stop_at or trainer.options.steps)
    bar = tqdm(
        total=last if trainer.options.minutes is None else None,
        initial=trainer.steps_done, unit="step", disable=None, leave=False, dynamic_ncols=True, file=sys.stderr,
    )  # fmt: skip
    died = None
    try:
        with (
            asked_to_stop() as caught,
            saying_what_is_saved(folder),
            TensorBoard(job) if tensorboard else contextlib.nullcontext() as board,
        ):
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
    if died or caught:
        return died or caught[0]
    return None if trainer.finished() else STOP_AT


@contextlib.contextmanager
def asked_to_stop() -> Iterator[list[int]]:
    """The numbers of the signals that came while in the context, to stop at the next step. The second is KeyboardInterrupt."""
    caught: list[int] = []

    def ask_to_stop(number, frame):
        if caught:  # a second Ctrl-C will not wait; the last checkpoint is whole
            raise KeyboardInterrupt
        caught.append(number)

    stops = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        stops.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask_to_stop) for number in stops}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
