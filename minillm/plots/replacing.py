"""Which files a figure may take the place of: those that minillm saved. Each names its maker where its format has a place for that."""

import os
import re
from pathlib import Path

from minillm.errors import InputError

MAKER = "minillm"
MADE_HERE = re.compile(  # as matplotlib writes it into a PNG and an SVG, and as viewer.html has it
    rb"tEXtSoftware\0minillm"
    rb"|<dc:creator>\s*<cc:Agent>\s*<dc:title>minillm</dc:title>"
    rb'|<meta name="generator" content="minillm">'
)
BEGINNING = 2**16  # bytes, in which the maker is named


def refuse_to_replace(path: str | os.PathLike, remedy: str) -> None:
    """InputError if something has the name already that is no figure of minillm's. What to do then is the caller's to say."""
    path = Path(path)
    if not os.path.lexists(path):
        return
    if path.is_file():  # a pipe would keep its reader waiting
        with open(path, "rb") as file:
            if MADE_HERE.search(file.read(BEGINNING)):
                return
    raise InputError(f"{path} is there already, and is no figure that minillm drew.", remedy)
