"""What answers are worth, and what they have to beat."""

import pytest

from minillm.finetuning import Pairs
from minillm.finetuning.pairs import SUMMARISE, TRANSLATE
from minillm.finetuning.pairs.tasks import Judge, first_sentence


def pairs_of(*texts: tuple[str, str]) -> Pairs:
    sources, targets = zip(*texts, strict=True)
    return Pairs(list(sources), list(targets), [*range(1, 1 + len(texts))])


TRAINING = pairs_of(
    ("the old dog sleeps", "der alte Hund schläft"), ("a red house", "ein rotes Haus"), ("the cat", "die Katze")
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("It rained. The owls won.", "It rained."),
        ("Version 1.5 is out! Get it.", "Version 1.5 is out!"),
        ("it rained . the owls won .", "it rained ."),
        ("下雨了。猫头鹰赢了。", "下雨了。"),
        ("no end", "no end"),
    ],
)
def test_the_first_sentence(text, sentence):
    assert first_sentence(text) == sentence


def test_right_answers_have_a_hundred_of_everything():
    for task in (TRANSLATE, SUMMARISE):
        scores = Judge(task, TRAINING).scores(TRAINING.targets)
        assert scores.exact == 100 and [*scores.values.values()] == pytest.approx([100] * len(scores.values))
    assert [*Judge(TRANSLATE, TRAINING).scores(TRAINING.targets).values] == ["BLEU", "chrF2"]
    assert [*Judge(SUMMARISE, TRAINING).scores(TRAINING.targets).values] == ["ROUGE-L", "ROUGE-1", "ROUGE-2"]


def test_half_of_the_answers_right_is_half_exact():
    held_out = TRAINING.chosen([1, 2])
    scores = Judge(TRANSLATE, held_out).scores(["ein rotes Haus", "der Hund"])
    assert scores.exact == 50 and 0 < scores.values["chrF2"] < 100
    assert scores.describe().endswith(", exact 50.0")


def test_the_baselines_answer_by_what_they_say():
    held_out = pairs_of(("the very old dog sleeps", "der alte Hund schläft"), ("Berlin", "Berlin"))
    found = Judge(TRANSLATE, held_out).baselines(TRAINING)
    assert [*found] == ["the source as it is", "the nearest pair's target"]
    assert [scores.exact for scores in found.values()] == [50, 50]
    summaries = pairs_of(("the cat. it sleeps.", "the cat."))
    assert Judge(SUMMARISE, summaries).baselines(TRAINING)["the first sentence"].exact == 100


def test_chinese_is_measured_by_its_characters():
    chinese = pairs_of(("a small cat sleeps here", "一只小猫在这里睡觉"))
    for task in (TRANSLATE, SUMMARISE):
        assert (
            Judge(task, chinese).scores(["一只小猫在这里睡"]).values[("BLEU" if task is TRANSLATE else "ROUGE-L")] > 80
        )
