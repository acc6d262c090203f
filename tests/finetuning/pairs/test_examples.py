"""Files of pairs of texts, and what is held out of them."""

import pytest

from minillm.errors import InputError
from minillm.finetuning import Pairs, PairSplit, read_pair_split, read_pairs, split_pairs


@pytest.fixture
def file(tmp_path):
    """file(content) -> the path of a file that holds it."""

    def write(content: str, name: str = "pairs.tsv"):
        path = tmp_path / name
        path.write_bytes(content.encode())
        return path

    return write


def test_lines_become_sources_and_targets_and_remember_their_numbers(file):
    path = file("\ufeffSource\tTarget\r\n a  dog \tein Hund\r\n\r\n猫\u2028\tcat\r\nsource\ttarget")
    assert read_pairs(path) == Pairs(["a  dog", "猫", "source"], ["ein Hund", "cat", "target"], [2, 4, 5])


BAD = {
    "no tab": ("a\tx\nb\n", "Line 2 of {} has no tab."),
    "a third column": ("a\tx\n\nb\ty\tz\n", "Line 3 of {} has 3 columns."),
    "no source": ("a\tx\n \ty\n", "Line 2 of {} has no source."),
    "no target": ("a\tx\nb\t\n", "Line 2 of {} has no target."),
    "a header alone": ("source\ttarget\n", "{} has no pair."),
}


@pytest.mark.parametrize("case", BAD)
def test_a_line_that_is_no_pair_is_named(file, case):
    content, wrong = BAD[case]
    path = file(content)
    with pytest.raises(InputError) as error:
        read_pairs(path)
    assert error.value.wrong == wrong.format(path)
    assert error.value.remedy == "Each line is a source, a tab, and its target."


def test_a_tenth_of_the_sources_is_held_out_each_with_all_its_targets():
    sources = [f"source {i % 40}" for i in range(60)]
    pairs = Pairs(sources, [f"target {i}" for i in range(60)], [*range(1, 61)])
    training, held_out = split_pairs(pairs, 0, "file")
    assert len(set(held_out.sources)) == 4 and not set(held_out.sources) & set(training.sources)
    assert sorted([*zip(*training, strict=True), *zip(*held_out, strict=True)]) == sorted(zip(*pairs, strict=True))
    assert split_pairs(pairs, 0, "file") == (training, held_out) != split_pairs(pairs, 1, "file")
    with pytest.raises(InputError, match="file has 9 different sources, too few"):
        split_pairs(pairs.chosen([*range(9), 0, 0]), 0, "file")


def test_a_file_comes_with_held_out_pairs_of_its_own_or_a_tenth_of_it_is_held_out(file):
    lines = [f"{i}\t{i + 1}\n" for i in range(20)]
    path, dev = file("".join(lines)), file("5\t6\n", "dev.tsv")
    tenth, own = read_pair_split(path, seed=5), read_pair_split(path, dev)
    assert tenth == split_pairs(read_pairs(path), 5, path)
    assert own == PairSplit(read_pairs(path), Pairs(["5"], ["6"], [1]))
    assert tenth.sha256() != own.sha256()
    file("\n".join(["", *lines]))
    assert read_pair_split(path, dev).sha256() == own.sha256(), "a blank line changes no text"
