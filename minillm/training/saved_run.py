"""What the folder of a run says of it, and what of that whoever goes on with it may alter."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from minillm.backend import Device
from minillm.errors import InputError
from minillm.models import Model, ModelConfig, build
from minillm.text import Tokenizer
from minillm.training.options import TrainOptions
from minillm.training.record import Facts
from minillm.training.run import OPTIONS, Run

CHANGEABLE = ("steps", "minutes", "eval_every", "eval_batches", "workers")  # what `resume` may alter
PLACES = ("dev", "prompts")  # where texts are: they may have moved, and what is read there is compared with what it was


class SavedRun(NamedTuple):
    """A run as its folder has it. `report` is told of each text that is read because the folder names it."""

    folder: Run
    options: TrainOptions
    facts: Facts
    config: ModelConfig
    tokenizer: Tokenizer
    report: Callable[[str], object]

    def model(self, device: Device) -> Model:
        """A model of the run's config; its weights are loaded with the state. Those for use are there after the first evaluation only."""
        from minillm.models.huggingface import read_eos_token_id

        model = build(self.config, seed=None, device=device)
        model.eos_token_id = read_eos_token_id(self.folder.directory)
        return model

    def altered(self, named: dict, **fixed) -> TrainOptions:
        """The run's options, with what is `named` now; InputError for what `resume` can't alter.

        `fixed` are values that the folder does not have under the names of the options.
        """
        if "epochs" in named:
            raise InputError("`resume` counts in steps, not in epochs.", "Give `steps`, or leave `epochs` out.")
        fixed = dataclasses.asdict(self.config) | self.options.to_dict() | self.facts.settings | fixed
        changed = {}
        for name, value in named.items():
            if name not in fixed or fixed[name] == value or (name in PLACES and fixed[name] is not None):
                continue
            if name not in CHANGEABLE:
                now = f"no {name}" if fixed[name] is None else f"{name} {fixed[name]}"
                raise InputError(
                    f"This run has {now}, and `resume` cannot change it to {value}.",
                    f"Leave `{name}` out, or start another run.",
                )
            changed[name] = value
        if "steps" in named:
            changed.setdefault("minutes", None)
        return dataclasses.replace(self.options, **changed)

    def source(self, given: str | None, parameter: str, remembered: str | None) -> str | None:
        """Where a text is: the one `given` now, by this `parameter`, or the one that the run began with."""
        return source_again(self.folder, remembered, parameter, self.report) if given is None else given

    def check_same(self, name: str, sha256: str) -> None:
        """InputError if what was read now, of this name, is not what the run began with."""
        if sha256 != self.facts.sha256:
            raise InputError(
                f"{name} does not hold what this run began with.", "Give the same again, or start another run."
            )


def source_again(folder: Run, remembered: str | None, parameter: str, report: Callable[[str], object]) -> str | None:
    """Where a text is, by what the folder of a run says; whoever names it anew gives the `parameter`, and this is not asked.

    The folder may be anybody's: what lies outside it is told before it is read, and neither a pipe nor a device is.
    """
    if remembered is None:
        return None
    again = f"Give it again: `{parameter}` FILE, or through a pipe."
    if remembered == "-":
        if sys.stdin.isatty():
            raise InputError("This run read its text from standard input.", again)
        return "-"
    path, record = Path(remembered), folder.path(OPTIONS)
    if not path.is_absolute():
        raise InputError(f"{record} names the text {remembered}, and does not say in which folder.", again)
    if not path.is_file():
        wrong = "is no file" if path.exists() else "is not there any more"
        raise InputError(f"{record} names the text {remembered}, which {wrong}.", again)
    if not path.is_relative_to(folder.directory.resolve()):
        report(f"reads   {remembered}, which {record} names")
    return remembered
