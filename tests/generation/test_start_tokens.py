"""A tokenizer may name what every text of its model began with, such as Llama's <s>: whoever gives a GPT a whole text puts it in front."""

import numpy as np
import pytest

from minillm.alignment.job import prompts_for
from minillm.alignment.pairs import Pair, tokenize_pairs
from minillm.alignment.reward_model import reward_from_model
from minillm.errors import InputError
from minillm.finetuning.classification import tokenize
from minillm.generation import attention_maps, write
from minillm.inspection.texts import example_of
from minillm.models import GPT, ClassifierConfig, GPTConfig, SequenceClassifier
from minillm.preferences import parse_reward
from minillm.preferences.samples import sample_ids
from minillm.preferences.steering import Steering, best_of_n
from minillm.pretraining.evaluation import evaluate
from minillm.text import CharTokenizer

TEXT = "a cat\nthe cat is on it\n"
S = len(set(TEXT))  # the id of <s>
CONFIG = GPTConfig(S + 1, context=24, layers=1, heads=1, d_model=4)
SETTINGS = {"prompt_tokens": 3, "answer_tokens": 8}


class Llama(CharTokenizer):
    """A tokenizer whose texts begin with <s>."""

    def __init__(self):
        super().__init__("".join(sorted(set(TEXT))), ["<s>"])

    @property
    def start_tokens(self) -> list[int]:
        return [S]


TOKENIZER = Llama()
CAT = TOKENIZER.encode("cat").tolist()


@pytest.fixture(scope="module")
def gpt():
    return GPT(CONFIG, seed=1)


@pytest.fixture(scope="module")
def classifier():
    return SequenceClassifier(ClassifierConfig(CONFIG, classes=1), seed=1)


@pytest.fixture
def read(monkeypatch) -> list[list[int]]:
    """What GPTs read, row by row: whole, and each token that they wrote."""
    rows = []

    def seen(method):
        def reading(self, ids, *args, **kwargs):
            rows.extend(np.asarray(ids).tolist())
            return method(self, ids, *args, **kwargs)

        return reading

    monkeypatch.setattr(GPT, "hidden", seen(GPT.hidden))
    monkeypatch.setattr(GPT, "extend", seen(GPT.extend))
    return rows


def test_a_prompt_is_read_behind_them(gpt, read):
    assert write(gpt, TOKENIZER, "cat", 1).startswith("cat")
    assert read == [[S, *CAT]]
    best_of_n(Steering(gpt, TOKENIZER, reward=parse_reward("length:3")), np.array(CAT), 2, 1)
    assert read[1:] == [[S, *CAT]] * 2


def test_a_text_is_judged_and_drawn_behind_them(gpt, read):
    loss = evaluate(gpt, TOKENIZER, "cat")
    assert loss.tokens == 3, "the first token is guessed, too"
    labels = attention_maps(gpt, TOKENIZER, "cat").rows
    assert read == [[S, *CAT[:-1]], [S, *CAT]] and labels == TOKENIZER.labels([S, *CAT])
    attention_maps(gpt, TOKENIZER, "<s>cat")
    assert read[2:] == [[S, *CAT]], "once"
    arrays = example_of(gpt, TOKENIZER, "cat").arrays
    assert arrays["inputs"].tolist() == [[S, *CAT[:-1]]] and arrays["targets"].tolist() == [CAT]


def test_a_classifier_reads_behind_them_as_it_learned(classifier, read):
    assert [row.tolist() for row in tokenize(["cat", "a cat is"], TOKENIZER, 4).rows] == [
        [S, *CAT],
        [S, *TOKENIZER.encode("a c")],
    ]
    reward_from_model(classifier, TOKENIZER)(["cat"])
    attention_maps(classifier, TOKENIZER, "cat")
    assert read == [[S, *CAT]] * 2


def test_a_prompt_of_a_pair_is_read_behind_them_and_an_answer_is_none():
    (prompt,), (chosen,), (rejected,) = tokenize_pairs([Pair("cat", "cat", "a")], TOKENIZER, 6)
    assert prompt.tolist() == [S, *CAT] and chosen.tolist() == CAT and len(rejected) == 1
    with pytest.raises(InputError, match="has 6 tokens to read, and the model sees 5 at once"):
        tokenize_pairs([Pair("cat", "cat", "a")], TOKENIZER, 5)


def test_answers_of_its_own_are_written_behind_them(gpt):
    prompts = prompts_for(TEXT, TOKENIZER, 11, SETTINGS)
    assert sorted(map(TOKENIZER.decode, prompts)) == ["<s>at\n", "<s>it\n"]
    with pytest.raises(InputError, match="more than the 10 tokens"):
        prompts_for(TEXT, TOKENIZER, 10, SETTINGS)
    assert [row[0] for row in sample_ids(gpt, TOKENIZER, 2, 4)] == [S, S]
