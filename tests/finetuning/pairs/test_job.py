"""From a program: an encoder-decoder learns pairs of texts, from nothing or from a pretrained one."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import learn_pairs
from minillm.finetuning.pairs import SUMMARISE, TRANSLATE, HeldOut, Pairs, begin_pairs, split_pairs
from minillm.finetuning.pairs.model import joint_tokenizer, settings_for_pairs
from minillm.generation import translate
from minillm.models import GPT, GPTConfig, Transformer, TransformerConfig
from minillm.text import BPETokenizer
from minillm.text.special_tokens import BOS, EOS, PAD

WORDS = {"red": "rot", "green": "grün", "small": "klein", "old": "alt", "dog": "Hund", "cat": "Katze"}
SMALL = {"layers": 1, "heads": 2, "d_model": 32, "merges": 40, "workers": 1, "progress": False}


def texts(count: int, longest: int = 3) -> tuple[list[str], list[str]]:
    """Words, and their German in the opposite order."""
    rng = np.random.default_rng(0)
    chosen = [rng.choice([*WORDS], rng.integers(1, longest + 1)).tolist() for _ in range(count)]
    return [" ".join(words) for words in chosen], [" ".join(WORDS[w] for w in reversed(words)) for words in chosen]


def pairs(count: int) -> Pairs:
    return Pairs(*texts(count), [*range(count)])


def test_it_learns_from_nothing_to_translate_what_it_has_not_seen():
    sources, targets = texts(400)
    settings = SMALL | {"steps": 150, "batch": 16, "lr": 0.01, "eval_every": 50, "dropout": 0.0}
    model, tokenizer = learn_pairs(sources, targets, **settings)
    assert isinstance(model, Transformer) and isinstance(tokenizer, BPETokenizer)
    assert translate(model, tokenizer, ["red", "old cat", "small red dog"]) == ["rot", "Katze alt", "Hund rot klein"]
    again, _ = learn_pairs(sources, targets, **settings)
    assert (again.vector.data == model.vector.data).all(), "all that is drawn follows from the seed"


def test_it_goes_on_from_a_pretrained_model_and_leaves_that_as_it_is():
    tokenizer = BPETokenizer([], (PAD, BOS, EOS))
    pretrained = Transformer(tokenizer.vocab_size, d_model=16, nhead=2, num_layers=1, dropout=0.0, seed=7)
    pretrained.eos_token_id = (258,)
    before = pretrained.vector.data.copy()
    settings = {"steps": 2, "batch": 4, "dropout": 0.25, "workers": 1, "warmup": 0, "progress": False}
    model, same = learn_pairs(*texts(30), pretrained, tokenizer, **settings)
    assert same is tokenizer and (pretrained.vector.data == before).all()
    assert model.config.dropout == 0.25 and model.config.d_model == 16 and model.eos_token_id == (258,)
    change = np.abs(model.vector.data - before).max()
    assert 0 < change < 0.01, "it began with the weights of the other"


def test_the_tokenizer_knows_the_words_of_both_sides():
    both = Pairs(["the dog"] * 20, ["der Hund"] * 20, [*range(20)])
    tokenizer = joint_tokenizer(both)
    assert [len(tokenizer.encode(text)) for text in ("the dog", "der Hund")] == [2, 2]
    assert [*tokenizer.special_tokens] == [PAD, BOS, EOS]
    assert joint_tokenizer(pairs(50), 3).vocab_size == 256 + 3 + 3


def test_what_is_named_wins_over_what_is_usual():
    usual = settings_for_pairs(None, 1000, {})
    assert (usual["layers"], usual["steps"], usual["label_smoothing"]) == (2, 2000, 0.1)
    named = settings_for_pairs(None, 1000, {"epochs": 2, "batch": 10, "layers": 3, "lr": 1.0, "d_model": 512})
    assert (named["steps"], named["layers"], named["lr"]) == (200, 3, 1.0)
    assert settings_for_pairs(None, 1000, {"steps": 7, "epochs": 2})["steps"] == 7
    assert settings_for_pairs(None, 10, {"d_model": 512})["lr"] == usual["lr"] / 4
    pretrained = Transformer(TransformerConfig(300, layers=1, heads=1, d_model=256, d_ff=4))
    tuned = settings_for_pairs(pretrained, 6400, {})
    assert (tuned["steps"], tuned["lr"]) == (400, 5e-4) and "layers" not in tuned
    assert settings_for_pairs(pretrained, 64, {})["steps"] == 100


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"stepz": 3}, "no setting 'stepz'"),
        ({"task": "translat"}, "no task 'translat'"),
        ({"epochs": 0}, "epochs"),
        ({"merges": -1}, "-1 merges"),
        ({"context": 1}, "context"),
        ({"heads": 3}, "3 heads do not divide"),
        ({"layers": 10**6, "d_model": 10**5 - 4, "heads": 4}, "This needs at least"),
        ({"seed": -1}, "seed"),
    ],
    ids=str,
)
def test_settings_that_no_run_can_have(settings, wrong):
    with pytest.raises(InputError, match=wrong):
        learn_pairs(*texts(30), progress=False, **settings)


def test_lists_that_are_no_pairs_and_models_that_cannot_learn_them():
    with pytest.raises(InputError, match="2 sources and 1 targets"):
        learn_pairs(["a", "b"], ["c"])
    for sources, targets in (("one", "eins"), (["a"] * 30, "b" * 30), ([*range(30)], ["b"] * 30)):
        with pytest.raises(InputError, match="are lists of strings"):
            learn_pairs(sources, targets)
    with pytest.raises(InputError, match="different sources"):
        learn_pairs(["a", "b"], ["c", "d"])
    tokenizer = BPETokenizer([], (PAD, BOS, EOS))
    gpt = GPT(GPTConfig(tokenizer.vocab_size, context=4, layers=1, heads=1, d_model=4))
    with pytest.raises(InputError, match="This is a GPT"):
        learn_pairs(*texts(30), gpt, tokenizer)
    with pytest.raises(InputError, match="comes with its tokenizer"):
        learn_pairs(*texts(30), gpt)
    encoder_decoder = Transformer(tokenizer.vocab_size, d_model=4, nhead=1, num_layers=1)
    with pytest.raises(InputError, match="`layers` is for a model from nothing"):
        learn_pairs(*texts(30), encoder_decoder, tokenizer, layers=3)


def test_the_held_out_pairs_that_are_answered_are_spread_over_all_of_them():
    many = Pairs([f"word {i}" for i in range(3000)], [f"Wort {i}" for i in range(3000)], [*range(3000)])
    split = split_pairs(many, 0, "list")
    learner = begin_pairs(split, TRANSLATE, SMALL | {"steps": 1})
    held_out = HeldOut(learner)
    chosen = held_out.pairs.lines
    assert len(chosen) == 200 and chosen[0] == split.held_out.lines[0] and chosen[-1] == split.held_out.lines[-1]
    assert len(held_out.answers(learner.trainer.model)) == 200


def test_a_summary_reads_what_fits_of_a_text():
    long = Pairs(["a b c " * 300 + str(i) for i in range(20)], ["a b"] * 20, [*range(20)])
    learner = begin_pairs(split_pairs(long, 0, "list"), SUMMARISE, SMALL | {"steps": 1, "merges": 0})
    assert {len(row) for row in learner.parts.training.sources} == {511}
    with pytest.raises(InputError, match="side of more than 128 tokens"):
        begin_pairs(split_pairs(long, 0, "list"), TRANSLATE, SMALL | {"steps": 1, "merges": 0})
