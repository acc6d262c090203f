"""The picture of a run's loss."""

from minillm.cli.job import Job
from minillm.cli.terminal import say
from minillm.errors import InputError


def draw_curve(job: Job) -> None:
    """loss.png, from the log. No picture is no reason to stop."""
    from minillm.plots import loss_curve, save
    from minillm.training.run import CURVE

    try:
        (chance, unigram), entries = job.baselines, job.folder.read_log()
        losses = [e["validation"] for e in entries if "validation" in e]
        figure = loss_curve(
            [(e["step"], e["loss"]) for e in entries if "loss" in e],
            [(e["step"], e["validation"]) for e in entries if "validation" in e],
            chance=chance,
            unigram=unigram,
            per=job.per,
            choices=job.choices,
        )
        seen = (
            f"Validation loss falls from {losses[0]:.2f} to {min(losses):.2f} nats a {job.per}."
            if losses
            else "No evaluation yet."
        )
        save(figure, job.folder.path(CURVE), alt=f"Training and validation loss against the step. {seen}")
    except InputError as error:
        say(f"(No picture of the loss: {error.wrong})")
