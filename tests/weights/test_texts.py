"""The text that the English models learn from."""

import hashlib
import random

import pytest

from minillm.errors import InputError
from minillm.weights.texts import (
    HELD_OUT,
    LONGEST,
    assemble,
    held_out_books,
    held_out_chapters,
    in_two_languages,
    main,
    read_books,
)

WORDS = ["the", "fox", "ran", "home", "and", "slept", "while", "it", "rained", "upon", "his", "red", "coat"]


def some_books(count=24, lines=900, seed=0):
    """Books whose every line tells the book that it is of."""
    draw = random.Random(seed)
    return [
        "".join(f"book{number}: {' '.join(draw.choices(WORDS, k=8))}.\n" for _ in range(lines))
        for number in range(1, count + 1)
    ]


def some_tales(count):
    return "".join(f"tale{number} begins.\nIt ends well.\n\n" for number in range(count))


BOOKS = some_books()
TALES = some_tales(20_000)


def test_there_is_a_character_of_tales_to_three_of_books():
    text = assemble(BOOKS, TALES)
    of_books = sum(len(line) + 1 for line in text.splitlines() if line.startswith("book"))
    assert of_books == sum(map(len, BOOKS))
    assert (len(text) - of_books) / of_books == pytest.approx(1 / 3, rel=0.01)


def test_fewer_tales_are_spread_over_all_of_the_text():
    tales = some_tales(2_000)
    text = assemble(BOOKS, tales)
    assert text.count("begins") == 2_000
    for tenth in range(10):
        piece = text[len(text) * tenth // 10 : len(text) * (tenth + 1) // 10]
        assert piece.count("begins") == pytest.approx(200, rel=0.25)


def test_no_line_is_lost_or_cut():
    lines = assemble(BOOKS, TALES).splitlines()
    assert [line for line in lines if line.startswith("book")] == [
        line
        for books in (
            [book for number, book in enumerate(BOOKS, 1) if number % HELD_OUT],
            [BOOKS[10], BOOKS[21]],
        )
        for book in books
        for line in book.splitlines()
    ]


def test_a_tale_stays_whole():
    for tale in assemble(BOOKS, TALES).split("\n\n"):
        if tale.startswith("tale"):
            assert tale.endswith("begins.\nIt ends well.")


def test_held_out_books_and_as_large_a_share_of_the_tales_stand_in_the_last_tenth():
    text = assemble(BOOKS, TALES)
    beginning = text.index("book11:")
    assert len(text) * 0.9 < beginning
    after = text[beginning:]
    share = sum(map(len, (BOOKS[10], BOOKS[21]))) / sum(map(len, BOOKS))
    assert after.count("begins") / text.count("begins") == pytest.approx(share, rel=0.05)
    assert {line.split(":")[0] for line in after.splitlines() if line.startswith("book")} == {"book11", "book22"}


def test_the_held_out_books_alone():
    assert held_out_books(BOOKS) == f"{BOOKS[10]}\n{BOOKS[21]}"


def test_of_a_long_book_only_the_beginning_is_taken():
    books = [*BOOKS[:10], BOOKS[10] * 40, *BOOKS[11:]]
    assert len(held_out_books(books)) == LONGEST + 1 + len(BOOKS[21])
    long = [BOOKS[0] * 40, *BOOKS[1:]]
    assert assemble(long, TALES).count("book1:") == long[0][:LONGEST].count("book1:")


def test_books_are_read_in_the_order_of_their_names(tmp_path):
    for number in range(HELD_OUT, 0, -1):
        (tmp_path / f"{number:02}.txt").write_text(f"book{number}\r\n", encoding="utf-8")
    (tmp_path / "licence.md").write_text("not a book", encoding="utf-8")
    assert read_books(tmp_path) == [f"book{number}\n" for number in range(1, HELD_OUT + 1)]


def test_too_few_books_leave_none_to_hold_out(tmp_path):
    with pytest.raises(InputError, match=r"has 0 books, files that end in .txt"):
        read_books(tmp_path)


def test_the_program_writes_the_text_and_prints_its_sum(tmp_path, capsys):
    folder = tmp_path / "books"
    folder.mkdir()
    for number, book in enumerate(BOOKS[:HELD_OUT]):
        (folder / f"{number:02}.txt").write_text(book, encoding="utf-8")
    (tmp_path / "tales.txt").write_text(TALES, encoding="utf-8")
    out, held_out = tmp_path / "corpus.txt", tmp_path / "held_out.txt"
    files = ["--books", str(folder), "--tales", str(tmp_path / "tales.txt"), "--out", str(out)]
    main([*files, "--held-out", str(held_out)])
    assert out.read_text(encoding="utf-8") == assemble(BOOKS[:HELD_OUT], TALES)
    assert held_out.read_text(encoding="utf-8") == BOOKS[HELD_OUT - 1]
    for path, line in zip((out, held_out), capsys.readouterr().out.splitlines(), strict=True):
        assert line.endswith(f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def test_a_missing_file_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--books", str(tmp_path), "--tales", "nowhere.txt", "--out", str(tmp_path / "corpus.txt")])
    assert "has 0 books" in capsys.readouterr().err


NOVELS = ["".join(f"\n\u3000\u3000第{n}回之{i}，且听下回分解。\n" for i in range(8_000)) for n in "一二三"]


def test_both_languages_are_spread_over_the_text_and_lose_nothing():
    text = in_two_languages(NOVELS, some_tales(3_000))
    assert text.count("且听下回分解。\n") == 24_000 and text.count("It ends well.\n\n") == 3_000
    for third in range(3):
        piece = text[len(text) * third // 3 : len(text) * (third + 1) // 3]
        assert piece.count("且听") == pytest.approx(8_000, rel=0.2)
        assert piece.count("It ends") == pytest.approx(1_000, rel=0.2)


def test_a_paragraph_of_a_novel_is_a_line_without_indent():
    assert "\u3000" not in in_two_languages(NOVELS, TALES) and "。\n\n第" not in in_two_languages(NOVELS, "")


def test_the_held_out_chapters_are_in_the_tenth_that_pretrain_validates_on():
    text, held_out = in_two_languages(NOVELS, some_tales(3_000)), held_out_chapters(NOVELS)
    assert held_out.startswith("第三回") and len(held_out) == pytest.approx(sum(map(len, NOVELS)) / 20, rel=0.2)
    assert text.index(held_out.splitlines()[0]) > 0.9 * len(text)


def test_novels_and_tales_make_a_text_in_two_languages(tmp_path):
    folder = tmp_path / "novels"
    folder.mkdir()
    for number, novel in enumerate(NOVELS):
        (folder / f"{number}.txt").write_text(novel, encoding="utf-8")
    (tmp_path / "tales.txt").write_text(TALES, encoding="utf-8")
    out, held_out = tmp_path / "bilingual.txt", tmp_path / "held_out.txt"
    main(
        [
            "--novels",
            str(folder),
            "--tales",
            str(tmp_path / "tales.txt"),
            "--out",
            str(out),
            "--held-out",
            str(held_out),
        ]
    )
    assert out.read_text(encoding="utf-8") == in_two_languages(NOVELS, TALES)
    assert held_out.read_text(encoding="utf-8") == held_out_chapters(NOVELS)
