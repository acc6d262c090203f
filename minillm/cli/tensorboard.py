"""What a training run tells, as event files for TensorBoard, in the run's folder: `tensorboard --logdir runs` shows the curves."""

import dataclasses
import time
from io import BytesIO

from minillm.cli.job import Job, fitting
from minillm.cli.terminal import say
from minillm.errors import InputError, MissingPackageError
from minillm.files import cannot_write
from minillm.training import Progress
from minillm.training.run import EVENTS

TAGS = {"loss": "loss/train", "validation": "loss/validation", "lr": "learning_rate", "grad_norm": "gradient_norm"}
FRAME = 2  # tokens that an encoder reads around a text
DPI = 100  # of the attention maps


def check_installed() -> None:
    """InputError unless the package `tensorboard` is there."""
    try:
        import tensorboard.summary.writer.record_writer  # noqa: F401
    except ImportError:
        raise MissingPackageError(
            "`tensorboard` needs the package tensorboard, which is not installed.",
            "Install it (pip install tensorboard), or leave `tensorboard` out.",
        ) from None


class TensorBoard:
    """Listens to a run: a scalar for every number of its log, the samples as text, the attention maps as images.

    Each sitting writes a file of its own. It begins with a start at the next step, from which on readers forget what earlier files hold:
    steps that were done after the last checkpoint, and are done again.
    """

    def __init__(self, job: Job):
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._job, self._event = job, Event
        # Readers take the files in the order of their names.
        self._path = job.folder.path(EVENTS.replace("*", str(time.time_ns())))
        self._since: tuple[int, float] | None = None  # step and seconds, to measure the speed from
        try:
            self._records = RecordWriter(open(self._path, "xb"))  # noqa: SIM115
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._write(0, file_version="brain.Event:2")
        self._write(job.trainer.steps_done + 1, session_log=SessionLog(status=SessionLog.START))

    def __enter__(self) -> "TensorBoard":
        return self

    def __exit__(self, *error) -> None:
        self._records.close()

    def stepped(self, progress: Progress) -> None:
        """After every step: what is logged of it, and how many tokens were read in a second."""
        elapsed = self._job.trainer.elapsed
        if self._since is None:  # an evaluation is no part of the speed
            self._since = progress.step, elapsed
        if progress.loss is None:
            return
        step, seconds = self._since
        self._scalars(progress)
        if progress.step > step and elapsed > seconds:
            speed = (progress.step - step) * self._job.tokens() / (elapsed - seconds)
            self._scalar("tokens_per_second", speed, progress.step)
            self._since = progress.step, elapsed

    def evaluated(self, progress: Progress, sample: str) -> None:
        """After an evaluation that is saved: its loss, what the model can do now, and where it looks."""
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.plugins.text.metadata import create_summary_metadata

        self._since = None
        self._scalars(progress)
        verbatim = "    " + sample.replace("\n", "\n    ")  # TensorBoard reads Markdown
        text = TensorProto(dtype="DT_STRING", string_val=[verbatim.encode("utf-8")])
        self._summary(progress.step, tag="sample", tensor=text, metadata=create_summary_metadata("sample", None))
        try:
            self._summary(progress.step, tag="attention", image=attention_image(self._job))
        except InputError as error:
            say(f"(No picture of the attention: {error.wrong})")
        self._flush()

    def _scalars(self, progress: Progress) -> None:
        for name, value in dataclasses.asdict(progress).items():
            if isinstance(value, float):
                self._scalar(TAGS.get(name, name), value, progress.step)

    def _scalar(self, tag: str, value: float, step: int) -> None:
        self._summary(step, tag=tag, simple_value=value)

    def _summary(self, step: int, **value) -> None:
        self._write(step, summary={"value": [value]})

    def _write(self, step: int, **content) -> None:
        event = self._event(wall_time=time.time(), step=step, **content)
        try:
            self._records.write(event.SerializeToString())
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def _flush(self) -> None:
        try:
            self._records.flush()
        except OSError as error:
            raise cannot_write(self._path, error) from error


def attention_image(job: Job) -> dict:
    """The attention maps of some words of the run's text, all layers and heads, as a picture in PNG."""
    from minillm.generation.attention_maps import attention_maps
    from minillm.plots import attention_grid

    model = job.trainer.model
    context = getattr(model.body.config, "context", None)
    words = job.facts.prompt if context is None else fitting(job.facts.prompt, job.tokenizer, context - FRAME)
    maps = attention_maps(model, job.tokenizer, words)
    figure, drawn = attention_grid(maps.weights, maps.rows, maps.columns, causal=maps.causal), BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    width, height = (int(DPI * inches) for inches in figure.get_size_inches())
    return {"width": width, "height": height, "colorspace": 4, "encoded_image_string": drawn.getvalue()}
