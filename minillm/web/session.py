"""What the worker of a page asks of Python, and what it is answered.

Both are JSON. What the page asks has `do`, the name of a method of the desk that it works at, and that method's arguments. The method posts
what there is to say as soon as it knows it. One that takes long is a generator, whose slices `work` does one by one: in between, the page
may ask for something else, or to stop.
"""

import inspect
import json
import platform
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minillm.course.chinese import both_translated
from minillm.errors import InputError
from minillm.language import speak
from minillm.web.exercise_desk import ExerciseDesk
from minillm.web.training_desk import TrainingDesk
from minillm.web.writing_desk import WritingDesk

DESKS = {"train": TrainingDesk, "write": WritingDesk, "exercises": ExerciseDesk}
ENDED = object()


class Session:
    """The Python side of a page, which is "train", "write" or "exercises". post: takes a message for the page, as JSON."""

    def __init__(self, page: str, language: str, post: Callable[[str], None]):
        speak(language)
        self._send = post
        self._job: Iterator[None] | None = None
        self._desk = DESKS[page](self.post)
        self.post("ready", python=platform.python_version(), numpy=np.__version__)

    def post(self, kind: str, **more: Any) -> None:
        self._send(json.dumps({"kind": kind, **more}))

    def receive(self, text: str) -> None:
        """Do what the page asks. What takes long takes the place of what was going on until now; `stop` only ends that."""
        message = json.loads(text)
        name = message.pop("do")
        if name == "stop":
            self._job = None
            self.post("stopped")
            return
        result = self._guarded(lambda: getattr(self._desk, name)(**message), ended=False)
        if inspect.isgenerator(result):
            self._job = result

    def work(self) -> bool:
        """Do a slice of what takes long; whether there is more of it."""
        job = self._job
        if job is not None and self._guarded(lambda: next(job, ENDED), ended=True) is ENDED:
            self._job = None
        return self._job is not None

    def _guarded(self, work: Callable[[], Any], ended: bool) -> Any:
        """What it returns. Bad input and faults of ours are told to the page, and whether they ended what takes long."""
        try:
            return work()
        except InputError as error:
            wrong, remedy = both_translated(error.wrong, error.remedy)
            self.post("error", wrong=wrong, remedy=remedy, ended=ended)
        except MemoryError:
            self.post("full", ended=ended)
        except Exception as error:
            self.post("fault", text=f"{type(error).__name__}: {error}", ended=ended)
        return ENDED
