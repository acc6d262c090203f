"""A run's folder: what a training run leaves on the disk, and how it is taken up again.

config.json           the model's config                 written once
tokenizer.json        how text becomes tokens            written once
trainer.json          text and options of the run        written when it begins or is resumed
model.safetensors     the best weights so far            what `generate` and `attention` read
trainer.safetensors   the last weights, both moments, the step: what `--resume` reads, in one file so that it is always of one moment
log.jsonl             one line a logged step or evaluation
loss.png              the curves
"""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np

from minillm.backend import to_host
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.models import GPTConfig
from minillm.text import Tokenizer, load_tokenizer, save_tokenizer
from minillm.training.checkpoint import CONFIG, WEIGHTS, read_json, read_tensors, save_model, save_tensors, write_json
from minillm.training.options import TrainOptions
from minillm.training.trainer import Progress, Trainer

TOKENIZER, OPTIONS, STATE, LOG, CURVE = "tokenizer.json", "trainer.json", "trainer.safetensors", "log.jsonl", "loss.png"
FILES = (CONFIG, TOKENIZER, OPTIONS, WEIGHTS, STATE, LOG, CURVE)


class Run:
    """A folder that holds, or will hold, one training run."""

    def __init__(self, directory: str | Path):
        self.directory = Path(directory)

    def path(self, name: str) -> Path:
        return self.directory / name

    def refuse_existing(self) -> None:
        """InputError if the folder already holds a run, or any file that a run would write over."""
        if self.directory.exists() and not self.directory.is_dir():
            raise InputError(f"{self.directory} is a file, not a folder.", "Choose another --out.")
        there = [name for name in FILES if self.path(name).exists()]
        if there:
            raise InputError(
                f"{self.directory} already holds a run ({', '.join(there[:3])} ...).",
                "Go on with it: --resume; replace it: --overwrite; or choose another --out.",
            )

    def create(self, overwrite: bool = False) -> None:
        """Make the folder. An earlier run in it is refused, or with `overwrite` removed: a run's own files and nothing else."""
        if not overwrite or not self.directory.is_dir():
            self.refuse_existing()
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"Cannot write {self.directory}: {error.strerror}.", "Choose another --out.") from error

    def begin(self, config: GPTConfig, tokenizer: Tokenizer) -> None:
        write_json(self.path(CONFIG), config.to_dict())
        save_tokenizer(tokenizer, self.path(TOKENIZER))

    def write_options(self, options: TrainOptions, text: dict) -> None:
        write_json(self.path(OPTIONS), {"text": text, "options": options.to_dict()})

    def read_options(self) -> tuple[TrainOptions, dict]:
        """The options and the description of the text that the run began with."""
        if not self.path(STATE).exists():
            raise InputError(f"{self.directory} holds no run to resume.", "Start one without --resume.")
        content = read_json(self.path(OPTIONS))
        try:
            return TrainOptions(**content["options"]), dict(content["text"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{self.path(OPTIONS)} is not what a run writes ({error}).",
                "Restore the file, or start again without --resume.",
            ) from error

    def config(self) -> GPTConfig:
        return GPTConfig.from_dict(read_json(self.path(CONFIG)))

    def tokenizer(self) -> Tokenizer:
        return load_tokenizer(self.path(TOKENIZER))

    def save(self, trainer: Trainer, best: bool = False) -> None:
        """Write the state to resume from, and the weights for use if they are the best so far or the first."""
        optimizer, weights = trainer.optimizer, to_host(trainer.model.vector.data)
        if not np.isfinite(weights).all():  # never put a broken model in place of a good one
            trainer.check_finite(math.nan)
        if best or not self.path(WEIGHTS).exists():
            save_model(trainer.model, self.directory)
        arrays = {
            "weights": weights,
            "first_moment": to_host(optimizer.first_moment),
            "second_moment": to_host(optimizer.second_moment),
        }
        state = {
            "step": trainer.steps_done,
            "elapsed": trainer.elapsed,
            "best_loss": trainer.best_loss if math.isfinite(trainer.best_loss) else None,
            "best_step": trainer.best_step,
            "evaluated_step": trainer.evaluated_step,
        }
        save_tensors(self.path(STATE), arrays, {"state": json.dumps(state)})

    def load(self, trainer: Trainer) -> None:
        """Put the trainer where `save` left it, and the log with it."""
        vector = trainer.model.vector
        shapes = dict.fromkeys(("weights", "first_moment", "second_moment"), vector.data.shape)
        arrays, metadata = read_tensors(self.path(STATE), shapes)
        try:
            state = json.loads(metadata["state"])
            trainer.steps_done = trainer.optimizer.steps = int(state["step"])
            trainer.elapsed, trainer.best_step = float(state["elapsed"]), int(state["best_step"])
            trainer.evaluated_step = int(state["evaluated_step"])
            trainer.best_loss = math.inf if state["best_loss"] is None else float(state["best_loss"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{self.path(STATE)} has no training state in it ({error}).", "Start again without --resume."
            ) from error
        vector.data[...] = vector.device.xp.asarray(arrays["weights"])
        trainer.optimizer.first_moment[...] = vector.device.xp.asarray(arrays["first_moment"])
        trainer.optimizer.second_moment[...] = vector.device.xp.asarray(arrays["second_moment"])
        kept = [entry for entry in self.read_log() if entry["step"] <= trainer.steps_done]
        write_atomic(self.path(LOG), "".join(json.dumps(entry) + "\n" for entry in kept).encode("utf-8"))

    def log(self, progress: Progress) -> None:
        """Append what this step has to tell. No times: the log of a resumed run equals the log of one that never stopped."""
        entry = {
            name: value for name, value in dataclasses.asdict(progress).items() if value is not None and name != "best"
        }
        if progress.loss is None and progress.validation is None:
            return
        try:
            with open(self.path(LOG), "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise InputError(
                f"Cannot write {self.path(LOG)}: {error.strerror}.", "Free some space, then --resume."
            ) from error

    def read_log(self) -> list[dict]:
        """The log's entries. A line cut short by a crash is left out."""
        entries = []
        try:
            lines = self.path(LOG).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and "step" in entry:
                entries.append(entry)
        return entries
