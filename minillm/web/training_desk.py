"""Train a GPT in the page: its text, its run, what it writes and where it looks."""

import base64
import io
import math
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from minillm.course.chinese import translated
from minillm.course.stories import write_stories
from minillm.course.tales import write_tales
from minillm.generation import AttentionMaps, attention_maps, encode_prompt
from minillm.pretraining import prepare, settings_for
from minillm.text import unigram_entropy
from minillm.training import Run, Trainer
from minillm.web.slices import slices
from minillm.web.writing_desk import written

FOLDER = Path("minillm-run")  # what the run is called that can be downloaded
TEXT = "text.txt"  # the text in it
SIZES = {
    "small": {"layers": 1, "heads": 2, "d_model": 32, "context": 32, "batch": 8},
    "medium": {"layers": 2, "heads": 4, "d_model": 64, "context": 32, "batch": 8},
    "large": {"layers": 4, "heads": 4, "d_model": 128, "context": 64, "batch": 8},
}
EVERY = 3.0  # seconds of training, after which a sample is written and the maps are drawn
LENGTH = 120  # tokens of a sample
OURS = {
    "tales": lambda: write_tales(300_000),
    "stories": lambda: "\n".join("".join(story) for story in write_stories(4000, language="zh")) + "\n",
}


class TrainingDesk:
    """One run at a time. post(kind, ...): tells the page."""

    def __init__(self, post: Callable[..., None]):
        self.post = post

    def start(self, ours: str, text: str, size: str, steps: int, prompt: str) -> Iterator[None]:
        """Begin a run on one of OURS, or where none is named on the reader's text. prompt: for samples; "" takes words of the text."""
        content = OURS[ours]() if ours else text
        yield
        settings = settings_for(preset="tiny", **SIZES[size], steps=steps, log_every=1, eval_batches=8, workers=1)
        self.model, data, self.tokenizer = prepare(settings, content)
        self.trainer = Trainer(self.model, data, settings.options, settings.task.objective())
        facts = replace(settings.task.facts(None, content), name=TEXT, source=TEXT)
        self.run = Run(FOLDER)
        self.run.create(self.trainer, self.tokenizer, settings.options, facts, overwrite=True)
        (FOLDER / TEXT).write_text(content, encoding="utf-8", newline="\n")
        self.progress = self.trainer.run()
        vocab_size = self.tokenizer.vocab_size
        self.post(
            "started",
            parameters=self.model.config.parameter_count(),
            vocabulary=vocab_size,
            characters=len(content),
            steps=steps,
            chance=math.log(vocab_size),
            unigram=unigram_entropy(data.train, data.validation, vocab_size),
        )
        yield from self.go_on(prompt or facts.prompt)

    def go_on(self, prompt: str) -> Iterator[None]:
        """Train until the end, or until the page stops it; every few seconds see what the model has learned."""
        # An unknown character is told of before the model has learned for minutes.
        encode_prompt(self.tokenizer, prompt)
        looked = -math.inf
        for part in slices(self.progress):
            for progress in part:
                self.run.log(progress)
            losses = [[each.step, each.loss] for each in part if each.loss is not None]
            validation = [[each.step, each.validation] for each in part if each.validation is not None]
            self.post("progress", losses=losses, validation=validation, elapsed=self.trainer.elapsed)
            yield
            if time.monotonic() > looked + EVERY:
                yield from self.show(prompt)
                looked = time.monotonic()
        yield from self.show(prompt)
        self.post("finished")

    def show(self, prompt: str) -> Iterator[None]:
        """What the model, as it is now, makes of a prompt."""
        text, seed = "", self.trainer.steps_done
        for pieces in slices(written(self.model, self.tokenizer, prompt, LENGTH, temperature=0.8, seed=seed)):
            text += "".join(pieces)
            yield
        self.post("sample", step=seed, prompt=prompt, text=text)
        maps = self._maps(prompt)
        weights = np.round(maps.weights, 3).tolist()
        self.post("maps", labels=list(maps.rows), weights=weights)

    def _maps(self, text: str) -> AttentionMaps:
        """Of as much of a text as the model reads at once."""
        return attention_maps(self.model, self.tokenizer, text[: self.model.config.context])

    def viewer(self, text: str) -> None:
        """The attention viewer of what the model has learned so far."""
        from minillm.plots import save_html

        maps, path = self._maps(text), Path("viewer.html")
        title = translated("Step {0}: “{1}”").format(self.trainer.steps_done, text)
        alt = translated("Where each head looks, as lines between tokens and as a heatmap.")
        save_html(
            path, maps.weights, maps.rows, causal=maps.causal, title=title, alt=alt, vectors=(maps.queries, maps.keys)
        )
        self.post("viewer", html=path.read_text(encoding="utf-8"))

    def download(self) -> None:
        """The run as a folder in a zip, with the weights of now: `generate --checkpoint` reads it, and `pretrain --resume` goes on."""
        self.run.save(self.trainer, best=True)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(FOLDER.iterdir()):
                file.write(path, path.as_posix())
        self.post("file", name=f"{FOLDER}.zip", base64=base64.b64encode(packed.getvalue()).decode("ascii"))
