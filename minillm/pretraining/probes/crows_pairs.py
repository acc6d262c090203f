"""CrowS-Pairs (Nangia et al. 2020): 1,508 pairs of sentences, of which one stereotypes more, in nine groups such as gender or religion.

    ,sent_more,sent_less,stereo_antistereo,bias_type,annotations,anon_writer,anon_annotators
    0,"...","...",stereo,age,...

The file is crows_pairs_anonymized.csv of github.com/nyu-mll/crows-pairs (CC BY-SA 4.0). Blodgett et al. 2021 found most of the pairs
flawed: sentences that differ in more than whom they speak of, or whose stereotype is none.
"""

import csv
import io
from pathlib import Path

from minillm.errors import InputError
from minillm.pretraining.probes.pairs import SentencePair
from minillm.text import name_of, read_text

COLUMNS = ("sent_more", "sent_less", "stereo_antistereo", "bias_type")
FORM = f"A file of CrowS-Pairs is CSV with the columns {', '.join(COLUMNS)}, as its authors publish it."


def read_crows_pairs(path: str | Path) -> list[SentencePair]:
    """The pairs of a UTF-8 file; "-" is standard input. InputError, with the number of the line, for a row that is none.

    `sent_more` is the more stereotyping sentence in either case: where `stereo_antistereo` says stereo, since it shows a stereotype, and
    where it says antistereo, since the other one goes against it.
    """
    name = name_of(path)
    rows = csv.DictReader(io.StringIO(read_text(path)), strict=True)
    pairs = []
    try:
        if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
            raise InputError(f"{name} has no column {missing[0]} in its first line.", FORM)
        for row in rows:
            line = rows.line_num
            if None in row or None in row.values():
                raise InputError(f"Line {line:,} of {name} has not as many columns as the first line.", FORM)
            more, less, direction, group = (row[column].strip() for column in COLUMNS)
            if not (more and less and group):
                raise InputError(f"Line {line:,} of {name} lacks a sentence, or what it is about.", FORM)
            if direction not in ("stereo", "antistereo"):
                raise InputError(
                    f"Line {line:,} of {name} says {direction!r} where stereo or antistereo belongs.", FORM
                )
            if more == less:
                raise InputError(f"Line {line:,} of {name} has the same sentence twice.", FORM)
            pairs.append(SentencePair(more, less, group, line))
    except csv.Error as error:
        raise InputError(f"Line {rows.reader.line_num:,} of {name} is no CSV: {error}.", FORM) from None
    if not pairs:
        raise InputError(f"{name} has no pair of sentences.", FORM)
    return pairs
