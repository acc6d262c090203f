"""A run's folder: what a training run leaves on the disk, and how it is taken up again.

config.json           the model's config                 written once
tokenizer.json        how text becomes tokens            written once
trainer.json          text and options of the run        written when it begins or is resumed
model.safetensors     the best weights so far            what `generate` and `attention` read
trainer.safetensors   the last weights, both moments, the step: what `--resume` reads, in one file so that it is always of one moment
log.jsonl             one line a logged step or evaluation
loss.png              the curves
labels.json           the names of the classes             of a fine-tuned classifier only
generation_config.json  which tokens end a text            where the model's own files said so
events.out.tfevents.*  the same curves for TensorBoard      where they were asked for
reference.safetensors what the reference model says of the pairs, or the reference itself: of an aligned model only
.minillm-lock         the number of the process that trains  while it does
"""

import contextlib
import copy
import dataclasses
import json
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minillm.backend import Array, to_host
from minillm.errors import InputError
from minillm.files import (
    NEW_FILES,
    cannot_write,
    read_file,
    read_object,
    reading,
    remove_leftovers,
    replacing,
    write_atomic,
)
from minillm.models import Model, ModelConfig, check_fields, config_to_dict
from minillm.text import BPETokenizer, CharTokenizer, Tokenizer, load_tokenizer, save_tokenizer
from minillm.training.checkpoint import (
    CONFIG,
    GENERATION,
    RETRAIN,
    WEIGHTS,
    check_config,
    check_size,
    config_metadata,
    read_config,
    read_tensors,
    save_eos_token_id,
    save_tensors,
    save_weights,
    write_json,
)
from minillm.training.options import TrainOptions
from minillm.training.record import Facts, State
from minillm.training.trainer import DivergedError, Progress, Trainer
from minillm.visible import visible
from minillm.weights import refuse_to_train_in

if TYPE_CHECKING:
    from minillm.training.lock import FolderLock

TOKENIZER, OPTIONS, STATE, LOG, CURVE = "tokenizer.json", "trainer.json", "trainer.safetensors", "log.jsonl", "loss.png"
LABELS, REFERENCE = "labels.json", "reference.safetensors"
# The last one says that there is a run.
FILES = (CONFIG, TOKENIZER, WEIGHTS, STATE, LOG, CURVE, LABELS, GENERATION, REFERENCE, OPTIONS)
EVENTS = "events.out.tfevents.*.minillm"  # by the beginning TensorBoard knows them, by the end a run its own
FIXED = (CONFIG, TOKENIZER, OPTIONS, LABELS, GENERATION)  # they stay as they are while the run goes on
LOCK = ".minillm-lock"
_log = logging.getLogger(__name__)


class Run:
    """A folder that holds, or will hold, one training run."""

    def __init__(self, directory: str | Path):
        self.directory = Path(directory)
        self._lock: FolderLock | None = None
        self._fixed: dict[str, bytes] = {}  # the files that stay as they are, as this process wrote or found them

    def path(self, name: str) -> Path:
        return self.directory / name

    @contextlib.contextmanager
    def lock(self, *, resume: bool = False) -> Iterator[None]:
        """Keep other processes out of the folder while in the context. A new one is made, and is gone again if nothing came into it.

        InputError if another process has it, or if there is no run in it to `resume`.
        """
        from minillm.training.lock import FolderLock  # not at the top: not every system has locks

        refuse_to_train_in(self.directory)
        if resume:
            self._refuse_absent()
        with self._folder():
            self._lock = FolderLock(self.path(LOCK))
            try:
                self._claim()
                for name in (*FILES, NEW_FILES):
                    remove_leftovers(self.path(name))
                yield
            finally:
                self._lock.release()
                self._lock = None

    @contextlib.contextmanager
    def _folder(self) -> Iterator[None]:
        """The folder and those above it are made, and taken away again if they are empty at the end."""
        if self.directory.exists() and not self.directory.is_dir():
            raise InputError(f"{self.directory} is a file, not a folder.", "Choose another `out`.")
        new = [folder for folder in (self.directory, *self.directory.parents) if not folder.exists()]
        try:
            self._claim()
            yield
        finally:
            with contextlib.suppress(OSError):
                for folder in new:
                    folder.rmdir()

    def _claim(self) -> None:
        """See that the folder is there and still locked by this process, whoever moved, deleted or took it in the meantime."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if self._lock is not None:
                self._lock.acquire()
        except OSError as error:
            raise cannot_write(self.directory, error) from error

    def refuse_existing(self) -> None:
        """InputError if the folder already holds a run, or any file that a run would write over."""
        there = [name for name in FILES if self.path(name).exists()]
        if not there:
            return
        if self.resumable():
            raise InputError(
                f"{self.directory} already holds a run.",
                "Go on with it: `resume`; replace it: `overwrite`; or choose another `out`.",
            )
        raise InputError(
            f"{self.directory} holds files that a run would write over ({', '.join(there)}).",
            "Replace them: `overwrite`; or choose another `out`.",
        )

    def refuse_to_replace(self, inputs: dict[str, str | Path | None]) -> None:
        """InputError if what a run needs, a folder or a file by what it is, would be gone once there is a new run in this folder."""
        mine = [path for path in (self.directory, *map(self.path, FILES)) if path.exists()]
        for what, needed in inputs.items():
            if needed is not None and Path(needed).exists() and any(path.samefile(needed) for path in mine):
                raise InputError(f"{self.directory} holds {what}.", "Choose another `out`.")

    def create(
        self, trainer: Trainer, tokenizer: Tokenizer, options: TrainOptions, facts: Facts, overwrite: bool = False
    ) -> None:
        """Make the folder, with all that `--resume` needs to start from step 0.

        An earlier run in it is refused, or with `overwrite` removed: a run's own files and nothing else. If this fails, all is as it was.
        """
        with self._folder():
            if not overwrite:
                self.refuse_existing()
            new = copy.copy(self)
            events = [path.name for path in self.directory.glob(EVENTS)]
            with replacing(self.directory, (*FILES, *events)) as new.directory:
                new.describe_model(trainer.model, tokenizer)
                new._save_state(trainer, {name: to_host(array) for name, array in state_arrays(trainer).items()})
                new.write_options(options, facts)
            self._fixed = new._fixed

    def describe_model(self, model: Model, tokenizer: Tokenizer) -> None:
        """Write what of a model stays as it is while it trains."""
        write_json(self.path(CONFIG), config_to_dict(model.config))
        save_tokenizer(tokenizer, self.path(TOKENIZER))
        save_eos_token_id(model.for_inference, self.directory)

    def save_weights(self, model: Model) -> None:
        """Write the weights for use."""
        save_weights(model.for_inference, self.directory)

    def resumable(self) -> bool:
        return self.path(OPTIONS).exists() and self.path(STATE).exists()

    def holds_run(self) -> bool:
        """Whether the folder holds the run of this process: it may have been moved or deleted, or be another's by now."""
        return self.resumable() and (self._lock is None or self._lock.held())

    def _refuse_absent(self) -> None:
        if not self.resumable():
            raise InputError(f"{self.directory} holds no run to resume.", "Start one without `resume`.")

    def write_options(self, options: TrainOptions, facts: Facts) -> None:
        write_json(self.path(OPTIONS), {"text": facts.to_dict(), "options": options.to_dict()})
        self._fixed = {name: self.path(name).read_bytes() for name in FIXED if self.path(name).exists()}

    def read_options(self) -> tuple[TrainOptions, Facts]:
        """The options and the facts that the run began with. Options that the file lacks, which an earlier version wrote, are logged."""
        facts, path = self.read_facts(), self.path(OPTIONS)
        content = read_object(path, RETRAIN)
        with reading(path, "description of a run", RETRAIN):
            missing = check_fields(TrainOptions, content.get("options"))
            options = TrainOptions(**content["options"])
        for name in missing:
            _log.warning("%s does not say %s: it is %s", visible(str(path)), name, getattr(options, name))
        return options, facts

    def read_facts(self) -> Facts:
        """What the run remembers besides its options, such as which command began it."""
        self._refuse_absent()
        content = read_object(self.path(OPTIONS), RETRAIN)
        with reading(self.path(OPTIONS), "description of a run", RETRAIN):
            return Facts.from_dict(content.get("text"))

    def config(self) -> ModelConfig:
        """The run's config, once its state is seen to be large enough for it."""
        config = read_config(self.path(CONFIG))
        check_size(self.path(STATE), 12 * config.parameter_count())
        return config

    def tokenizer(self, config: ModelConfig) -> Tokenizer:
        """The run's tokenizer. One that was made for the run is an InputError if the model has another vocabulary. One that came with a
        pretrained model may know fewer tokens, or more: those are none of the model's.
        """
        tokenizer = load_tokenizer(self.path(TOKENIZER))
        own, vocab_size = tokenizer.vocab_size, getattr(config, "body", config).vocab_size
        if own != vocab_size and isinstance(tokenizer, CharTokenizer | BPETokenizer):
            raise InputError(f"{self.path(TOKENIZER)} knows {own} tokens, and the model {vocab_size}.", RETRAIN)
        tokenizer.restrict(vocab_size)
        return tokenizer

    def save(self, trainer: Trainer, best: bool = False) -> list[str]:
        """Write the weights for use if they are the best so far or the first, and the state to resume from.

        What else `--resume` needs is written again if it has gone or changed; returns the names of such files.
        """
        arrays = {name: to_host(array) for name, array in state_arrays(trainer).items()}
        for name, array in arrays.items():  # never put a broken state in place of a good one
            if not np.isfinite(array).all():
                trainer.check_finite(name.replace("_", " "), math.nan)
        self._claim()
        lost = self.restore()
        if best or not self.path(WEIGHTS).exists():
            self.save_weights(trainer.model)
        self._save_state(trainer, arrays)
        return lost

    def restore(self) -> list[str]:
        """Write what stays as it is again where it has gone or changed: the names of these files."""
        lost = [name for name, content in self._fixed.items() if not holds(self.path(name), content)]
        for name in lost:
            write_atomic(self.path(name), self._fixed[name])
        return lost

    def _save_state(self, trainer: Trainer, arrays: dict[str, np.ndarray]) -> None:
        state = State(
            step=trainer.steps_done,
            elapsed=trainer.elapsed,
            best_loss=trainer.best_loss if math.isfinite(trainer.best_loss) else None,
            best_step=trainer.best_step,
            evaluated_step=trainer.evaluated_step,
        )
        save_tensors(
            self.path(STATE),
            arrays,
            {"state": json.dumps(dataclasses.asdict(state))} | config_metadata(trainer.model.config),
        )

    def load(self, trainer: Trainer) -> None:
        """Put the trainer where `save` left it, and the log with it."""
        arrays = state_arrays(trainer)
        saved, metadata = read_tensors(self.path(STATE), {name: array.shape for name, array in arrays.items()})
        check_config(self.path(STATE), metadata, trainer.model.config)
        with reading(self.path(STATE), "training state", RETRAIN):
            values = json.loads(metadata.get("state", "null"))
            check_fields(State, values)
            state = State(**values)
        for name, array in arrays.items():
            array[...] = trainer.model.vector.device.xp.asarray(saved[name])
        trainer.steps_done, trainer.optimizer.steps = state.step, state.step * trainer.updates
        trainer.elapsed, trainer.best_step, trainer.evaluated_step = (
            state.elapsed,
            state.best_step,
            state.evaluated_step,
        )
        trainer.best_loss = math.inf if state.best_loss is None else state.best_loss
        # What was logged after that moment will be done, and logged, again.
        log = [e for e in self.read_log() if e["step"] <= (state.evaluated_step if "validation" in e else state.step)]
        write_atomic(self.path(LOG), "".join(json.dumps(entry) + "\n" for entry in log).encode("utf-8"))

    def log(self, progress: Progress) -> None:
        """Append what this step has to tell. No times: the log of a resumed run equals the log of one that never stopped."""
        entry = {
            name: value for name, value in dataclasses.asdict(progress).items() if value is not None and name != "best"
        }
        if progress.loss is not None or progress.validation is not None:
            self._append(entry)

    def log_divergence(self, error: DivergedError) -> None:
        """Append that the run ended here, and of what. A run that goes on from its last good state forgets it."""
        self._append({"step": error.step, "diverged": error.what})

    def _append(self, entry: dict) -> None:
        self._claim()
        try:
            with open(self.path(LOG), "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise cannot_write(self.path(LOG), error) from error

    def read_log(self) -> list[dict]:
        """The log's entries. A line cut short by a crash, or without numbers to draw, is left out."""
        entries, path = [], self.path(LOG)
        if not path.exists():
            return []
        with reading(path, "log of a run", "Move it away: the run goes on without it."):
            lines = read_file(path).decode("utf-8", errors="replace").splitlines()
        for line in lines:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if not isinstance(entry, dict) or type(entry.get("step")) is not int:
                continue
            if all(is_number(entry[name]) for name in ("step", "loss", "validation") if name in entry):
                entries.append(entry)
        return entries


def holds(path: Path, content: bytes) -> bool:
    """Whether a file has exactly this content. Its size is asked for first: a device has none, and no end."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def share_state(trainer: Trainer) -> None:
    """Put the trainers of all ranks where the first one is, which alone has begun or loaded the run."""
    ranks, progress = trainer.ranks, ("steps_done", "elapsed", "best_loss", "best_step", "evaluated_step")
    if ranks.size == 1:
        return
    for name, value in ranks.first({name: getattr(trainer, name) for name in progress}).items():
        setattr(trainer, name, value)
    trainer.optimizer.steps = ranks.first(trainer.optimizer.steps)
    for array in state_arrays(trainer).values():
        array[...] = trainer.model.vector.device.xp.asarray(ranks.first(to_host(array)))


def state_arrays(trainer: Trainer) -> dict[str, Array]:
    """The arrays that are a trainer's memory, by the names they have in the file."""
    optimizer = trainer.optimizer
    return {
        "weights": trainer.model.vector.data,
        "first_moment": optimizer.first_moment,
        "second_moment": optimizer.second_moment,
    }
