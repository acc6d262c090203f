"""The picture of a run's loss."""

from minillm.cli.job import Job
from minillm.cli.terminal import say
from minillm.errors import InputError


def draw_curve(job: Job) -> None:
    """loss.png, from the log. No picture is no reason to stop."""
    from minillm.plots import curve_of_log, save
    from minillm.training.run import CURVE

    try:
        chance, unigram = job.baselines
        levels = {"chance": chance, "unigram": unigram, "choices": job.choices}
        figure, alt = curve_of_log(job.folder.read_log(), per=job.per, **levels)
        save(figure, job.folder.path(CURVE), alt=alt)
    except InputError as error:
        say(f"(No picture of the loss: {error.wrong})")
