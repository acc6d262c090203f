"""The texts that the models learned from: English books, or Chinese novels, and the tales that minillm wrote itself.

    python -m minillm.weights.texts --books FOLDER --tales tales.txt --out corpus.txt --held-out held_out.txt
    python -m minillm.weights.texts --novels FOLDER --tales tales.txt --out bilingual.txt --held-out held_out_zh.txt

FOLDER has the books as plain text, a file each. What is held out stands at the end, where `pretrain` takes the text that it validates on;
what is held out of the books or novels alone is written beside it. The sums that are printed are those that the models' cards name.
"""

import argparse
import hashlib
from itertools import pairwise
from pathlib import Path

from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.text import read_text

HELD_OUT = 11  # every eleventh book: a little less than the last tenth of the text, which `pretrain` validates on
LONGEST = 1_000_000  # characters that are taken of a book: somebody's collected works would drown the others
BOOKS_TO_TALES = 3
BLOCK = 30_000  # characters of books, after which tales follow


def held_out_books(books: list[str]) -> str:
    """The books that no model reads while it learns."""
    return "\n".join(book[:LONGEST] for book in books[HELD_OUT - 1 :: HELD_OUT])


def assemble(books: list[str], tales: str) -> str:
    """Books and tales in turn: first what is learned, then what is held out, as large a share of the tales as of the books.

    There is at most a character of tales to three of books. A blank line ends a tale.
    """
    held_out = held_out_books(books)
    learned = "\n".join(book[:LONGEST] for number, book in enumerate(books, 1) if number % HELD_OUT)
    characters = len(learned) + len(held_out)
    tales = tales[: _after(tales, characters // BOOKS_TO_TALES, "\n\n")]
    middle = _after(tales, len(tales) * len(learned) // characters, "\n\n")
    return _in_turn(learned, tales[:middle]) + _in_turn(held_out, tales[middle:])


def in_two_languages(novels: list[str], tales: str) -> str:
    """Chinese novels and English tales in turn, all of both. Nothing but its place, at the end, tells what `held_out_chapters` are."""
    return _in_turn("\n".join(map(_paragraphs, novels)), tales)


def held_out_chapters(novels: list[str]) -> str:
    """The end of the last novel, a twentieth of all: within the tenth that `pretrain` validates on."""
    text = "\n".join(map(_paragraphs, novels))
    return text[_after(text, len(text) * 19 // 20, "\n") :]


def _paragraphs(novel: str) -> str:
    """A novel with a paragraph a line, without the spaces that indent them and the empty lines between."""
    return "\n".join(line.strip() for line in novel.splitlines() if line.strip())


def _in_turn(books: str, tales: str) -> str:
    count = max(1, len(books) // BLOCK)
    return "".join(
        f"{book.rstrip()}\n\n{tale.rstrip()}\n\n"
        for book, tale in zip(_pieces(books, count, "\n"), _pieces(tales, count, "\n\n"), strict=True)
    )


def _pieces(text: str, count: int, end: str) -> list[str]:
    """So many pieces of about the same length, each but the last cut behind an `end`."""
    cuts = (_after(text, len(text) * i // count, end) for i in range(1, count))
    return [text[start:stop] for start, stop in pairwise([0, *cuts, len(text)])]


def _after(text: str, place: int, end: str) -> int:
    """Where the first `end` that begins at this place or later is over."""
    found = text.find(end, place)
    return len(text) if found < 0 else found + len(end)


def read_books(folder: Path, least: int = HELD_OUT) -> list[str]:
    """The texts in a folder, in the order of their files' names."""
    paths = sorted(folder.glob("*.txt"), key=lambda path: path.name)
    if len(paths) < least:
        raise InputError(
            f"{folder} has {len(paths)} books, files that end in .txt.", f"Name a folder of {least} books or more."
        )
    return [read_text(str(path)) for path in paths]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--books", metavar="FOLDER", type=Path, help="English books, a .txt file each")
    source.add_argument("--novels", metavar="FOLDER", type=Path, help="Chinese novels, a .txt file each")
    parser.add_argument("--tales", metavar="FILE", required=True, help="tales, each ended by a blank line")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where the text is to be")
    parser.add_argument("--held-out", metavar="FILE", type=Path, help="where what is held out of the books is to be")
    args = parser.parse_args(arguments)
    try:
        books = read_books(args.books) if args.books else read_books(args.novels, least=1)
        tales = read_text(args.tales)
        if args.books:
            text, held_out = assemble(books, tales), held_out_books(books)
        else:
            text, held_out = in_two_languages(books, tales), held_out_chapters(books)
        texts = {args.out: text} | ({args.held_out: held_out} if args.held_out else {})
        for path, text in texts.items():
            data = text.encode("utf-8")
            write_atomic(path, data)
            print(f"{path}  {len(text):,} characters  sha256 {hashlib.sha256(data).hexdigest()}")
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
