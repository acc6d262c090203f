"""Bring the Chinese texts up to date: python -m minillm.course.translating [NN ...], after an English one was changed.

What is new or has changed stands in the files in English, cells as they are and words with an empty text beside them, to be translated.
What no longer exists goes.
"""

import json
import sys
from pathlib import Path

from minillm.course.chinese import CHINESE, chinese_prose, docstrings, english_prose, fingerprint, prose_path
from minillm.course.desk import exercises_of, stub_path
from minillm.course.exercises import read
from minillm.course.outline import Outline, find, outlines
from minillm.files import write_atomic


def said(outline: Outline) -> list[str]:
    """What a lesson's exercises say in English: their docstrings, hints and diagnoses."""
    texts = list(docstrings(read(stub_path(outline))))
    for exercise in exercises_of(outline):
        texts += [*exercise.hints, *(mistake.diagnosis for mistake in exercise.mistakes)]
    return texts


def words_path(outline: Outline) -> Path:
    return CHINESE / f"{outline.path.stem}.json"


def with_new_cells(outline: Outline) -> str:
    """The Chinese prose of a lesson, with the English of the cells that have none."""
    known = dict(chinese_prose(outline)) if prose_path(outline).exists() else {}
    cells = []
    for text in english_prose(read(outline.path)):
        mark = fingerprint(text)
        cells.append(f"<!-- english {mark} -->\n{known.get(mark, text)}\n")
    return "\n".join(cells)


def with_new_words(outline: Outline) -> str:
    """The words of a lesson, as JSON, with an empty text for those that have none."""
    path = words_path(outline)
    known = json.loads(read(path)) if path.exists() else {"said": {}, "drawn": {}}
    known["said"] = {text: known["said"].get(text, "") for text in said(outline)}
    return json.dumps(known, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for outline in map(find, map(int, sys.argv[1:])) if sys.argv[1:] else outlines():
        write_atomic(prose_path(outline), with_new_cells(outline).encode())
        write_atomic(words_path(outline), with_new_words(outline).encode())
