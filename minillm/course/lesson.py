"""What a lesson script is told from outside, and what it hands out: its options, its random numbers, its figures."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minillm.backend import reuse_freed_memory
from minillm.course.chinese import translated
from minillm.course.desk import USUAL, Desk
from minillm.course.outline import FOLDER, INSIDE, ROOT
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.language import language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INDEX = "README.md"  # of a folder of figures
HEADING = "# Figures\n\nWhat the lessons draw, each with words for those who cannot see it.\n"


class Lesson:
    """`lesson = Lesson(5)` at the top of lessons/05_name.py reads what stands after the script's name on the command line.

    quick: whether to do a few steps only, to see that everything runs. The numbers are then not those of the text.
    seed:  of all random numbers (0).
    out:   the folder of the figures: figures/ (of a clone, else of the working folder), or runs/figures/ for a quick run or another seed,
           whose figures aren't those of the text.
    desk:  the folder of the student, where a run that came to its end is noted, if it was no quick one.

    In a notebook there is no command line: the defaults hold, and nothing is noted.
    """

    def __init__(self, number: int, arguments: Sequence[str] | None = None):
        reuse_freed_memory()
        if hasattr(sys.stdout, "reconfigure"):  # Windows would write Chinese in a code page that lacks it
            sys.stdout.reconfigure(encoding="utf-8")
        self.number = number
        script = Path(sys.argv[0]).name
        is_script = script.startswith(f"{number:02d}_")
        if arguments is None:
            arguments = sys.argv[1:] if is_script else []
        main = sys.modules["__main__"]
        parser = argparse.ArgumentParser(
            prog=script, description=main.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--quick", action="store_true", help="a few steps only: does everything run?")
        parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the random numbers (default 0)")
        parser.add_argument("--out", type=Path, metavar="DIR", help="the folder of the figures (figures)")
        parser.add_argument(
            "--folder", type=Path, default=USUAL, metavar="DIR", help=f"where your exercises are (default {USUAL})"
        )
        options = parser.parse_args(arguments)
        if options.seed < 0:
            parser.error(f"--seed {options.seed} is negative")
        self.quick: bool = options.quick
        self.seed: int = options.seed
        self.desk = Desk(options.folder)
        home = Path.cwd() if FOLDER == INSIDE else ROOT
        usual = home / "figures" if not (self.quick or self.seed) else home / "runs" / "figures"
        usual = usual / "zh" if language() == "zh" else usual
        self.out: Path = options.out or usual
        if self.out.absolute() != usual:
            try:
                self._refuse_to_replace()
            except InputError as error:
                parser.error(f"{error.wrong} {error.remedy}")
        if is_script and not self.quick:
            atexit.register(self._note_run)

    def _note_run(self) -> None:
        """Tick the lesson at the end of its script, unless an error ended it."""
        if hasattr(sys, "last_value"):  # Python keeps there what nobody caught
            return
        try:
            self.desk.note(f"{self.number:02d}", ["run"])
        except InputError as error:
            print(f"This run is not noted. {error.wrong} {error.remedy}", file=sys.stderr)

    def rng(self) -> np.random.Generator:
        """A new generator of random numbers, from the seed."""
        return np.random.default_rng(self.seed)

    def path(self, name: str) -> Path:
        """Where a file of this lesson goes: `head_view.html` -> figures/05_head_view.html. The folder is made."""
        self.out.mkdir(parents=True, exist_ok=True)
        return self.out / f"{self.number:02d}_{name}"

    def translated(self, text: str) -> str:
        """What is written into a page, in the reader's language; `save` does the same for all that a figure says."""
        return translated(text)

    def _refuse_to_replace(self) -> None:
        """Before minutes of work, and not after them: InputError if the folder holds files of the user's own under this lesson's names."""
        from minillm.plots import refuse_to_replace

        remedy = "Name another folder."
        for path in sorted(self.out.glob(f"{self.number:02d}_*")):
            if path.suffix in (".png", ".html"):
                refuse_to_replace(path, remedy)
        index = self.out / INDEX
        if index.exists() and not index.read_text(encoding="utf-8", errors="replace").startswith(translated(HEADING)):
            raise InputError(f"{index} is there already, and is no list of figures.", remedy)

    def save(self, figure: Figure, name: str, *, alt: str) -> None:
        """Save a figure as figures/05_name.png, and show it in a notebook. `alt` says what is drawn and what to see in it, for those
        who can't see it.
        """
        from minillm.plots import save

        path, alt = self.path(f"{name}.png"), translated(alt)
        translate(figure)
        try:
            save(figure, path, alt=alt)
        except InputError as error:
            atexit.unregister(self._note_run)
            raise SystemExit(f"{error.wrong}\n{error.remedy}") from None
        write_index(self.out)
        if _in_notebook():
            from IPython.display import Image, display

            display(Image(path, alt=alt))
        else:
            print(translated(f"figure: {_short(path)}"), file=sys.stderr)


def translate(figure: Figure) -> None:
    """The words of a figure in the reader's language, as far as a font of this machine can draw it."""
    from matplotlib.text import Text

    from minillm.plots.labels import is_drawable

    def words(text: str) -> str:
        """A long text was broken into lines; its translation is shorter."""
        whole = text.replace("\n", " ")
        found = translated(text) if translated(text) != text else translated(whole)
        return found if found != whole and is_drawable(found.replace("\n", "")) else text

    for text in figure.findobj(Text):
        text.set_text(words(text.get_text()))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):  # which writes its labels anew each time that it is drawn
            labels = [label.get_text() for label in axis.get_ticklabels()]
            found = list(map(words, labels))
            kept = set(labels) & set(found)
            # Where a plain word has no translation, the labels are words of a text, and not the figure's.
            if found != labels and not any(re.fullmatch("[a-z]+", word) for word in kept):
                axis.set_ticks(axis.get_ticklocs(), labels=found)


def write_index(folder: Path) -> None:
    """The index of a folder of figures: each of them, with the alternative text that its file carries."""
    from PIL import Image

    parts = [translated(HEADING)]
    for path in sorted(folder.glob("*.png")):
        try:
            with Image.open(path) as picture:
                alt = picture.info["Description"]
        except (KeyError, OSError):  # no figure of a lesson
            continue
        parts.append(f"## {path.name}\n\n![{alt}]({path.name})\n")
    write_atomic(folder / INDEX, "\n".join(parts).encode("utf-8"))


def _in_notebook() -> bool:
    """Whether IPython runs this: a notebook, or the interactive window of an editor."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _short(path: Path) -> Path:
    with contextlib.suppress(FileNotFoundError, ValueError):  # the working folder is gone, or elsewhere
        return path.relative_to(Path.cwd())
    return path
