"""Files of labelled texts, and what is held out of them."""

import pytest

from minillm.errors import InputError
from minillm.finetuning import Examples, Split, classes_of, hold_out, numbers_of, read_examples, read_split


def test_lines_become_texts_and_labels(tmp_path):
    path = tmp_path / "data.tsv"
    path.write_bytes("\ufeffSentence\tLabel\r\n good  film \tyes\r\n\r\n坏\u2028片\tno\r\nlabel\tlabel".encode())
    assert read_examples(path) == Examples(["good  film", "坏\u2028片", "label"], ["yes", "no", "label"])


def test_classes_are_sorted_and_numbered():
    examples = Examples(["x", "y", "z", "w"], ["b", "a", "b", "a"])
    assert classes_of(examples, "file") == ["a", "b"]
    assert numbers_of(examples, ["a", "b"], "file").tolist() == [1, 0, 1, 0]
    with pytest.raises(InputError, match="label 'b', which no training text has"):
        numbers_of(examples, ["a", "c"], "file")


def test_a_tenth_of_each_class_is_held_out_and_nothing_is_lost():
    examples = Examples([str(i) for i in range(95)], ["rare" if i < 15 else "often" for i in range(95)])
    training, held_out = hold_out(examples, 0, "file")
    assert sorted(training.texts + held_out.texts, key=int) == examples.texts
    assert (held_out.labels.count("rare"), held_out.labels.count("often")) == (1, 8)
    label = dict(zip(*examples, strict=True))
    for part in (training, held_out):
        assert part.labels == [label[text] for text in part.texts]
    assert hold_out(examples, 0, "file") == (training, held_out)
    assert hold_out(examples, 1, "file") != (training, held_out)


def test_a_rare_class_stays_in_training():
    examples = Examples([str(i) for i in range(25)], ["rare"] * 5 + ["often"] * 20)
    training, held_out = hold_out(examples, 3, "file")
    assert training.labels.count("rare") == 5 and held_out.labels == ["often", "often"]


def test_a_file_comes_with_held_out_texts_of_its_own_or_a_tenth_of_it_is_held_out(tmp_path):
    path, dev = tmp_path / "data.tsv", tmp_path / "dev.tsv"
    path.write_text("".join(f"{i}\t{'ab'[i % 2]}\n" for i in range(40)), encoding="utf-8")
    dev.write_text("x\tb\n", encoding="utf-8")
    tenth, own = read_split(path, seed=5), read_split(path, dev)
    assert (tenth.training, tenth.held_out) == hold_out(read_examples(path), 5, path)
    assert own == Split(read_examples(path), Examples(["x"], ["b"]), ["a", "b"])
    assert tenth.sha256() != own.sha256() == read_split(path, dev, seed=9).sha256()
    dev.write_text("x\tc\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"dev.tsv has the label 'c', which no training text has"):
        read_split(path, dev)
