"""Many texts at once are answered as each would be alone."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import beam_search, generate, translate
from minillm.generation.filling import as_source
from minillm.generation.translation import translations
from minillm.gradcheck import randomize
from minillm.models import GPT, T5, GPTConfig, Transformer
from minillm.text import CharTokenizer
from minillm.text.special_tokens import BOS, EOS, PAD

TOKENIZER = CharTokenizer("".join(sorted(set(" abcdefgh</s>"))), (PAD, BOS, EOS))
TEXTS = ["a bad cabbage", "", "b", "face", "face", "</s>", "egg had a bed"]


@pytest.fixture(scope="module")
def model():
    """Its weights are so large that what it writes depends on the source, and sometimes ends early."""
    model = Transformer(TOKENIZER.vocab_size, 16, 2, 1, norm="pre", seed=5, dtype=np.float64)
    model.vector.data *= 2
    return model


EOS_ID = TOKENIZER.special_tokens[EOS]


def alone(model, row, **settings):
    source, start = as_source(model, TOKENIZER, row)
    tokens = generate(model, [start], cache=model.start(source[None]), temperature=0, eos=[EOS_ID], **settings)
    return list(tokens)


def test_each_is_answered_as_alone(model):
    rows = [TOKENIZER.encode(text) for text in TEXTS]
    together = translations(model, TOKENIZER, rows)
    for row, answer in zip(rows, together, strict=True):
        assert answer == (alone(model, row, max_tokens=2 * (len(row) + 1) + 8) if len(row) else [])
    assert len({tuple(answer[:4]) for answer in together}) > 4, "they differ"
    assert translations(model, TOKENIZER, rows, max_tokens=3) == [answer[:3] for answer in together]


def test_with_beams_each_has_what_beam_search_finds(model):
    rows = [TOKENIZER.encode(text) for text in TEXTS if text]
    found = {}
    for penalty in (0.0, 2.0):
        found[penalty] = translations(model, TOKENIZER, rows, beams=3, length_penalty=penalty, max_tokens=12)
        for row, answer in zip(rows, found[penalty], strict=True):
            source, start = as_source(model, TOKENIZER, row)
            cache = model.start(source[None])
            best = beam_search(model, [start], 12, beams=3, cache=cache, length_penalty=penalty, eos=[EOS_ID])[0]
            assert answer == best.ids
    assert found[0.0] != found[2.0]


def test_many_are_read_at_once_and_of_long_ones_few(model, monkeypatch):
    read, start = [], model.start
    monkeypatch.setattr(model, "start", lambda source, **mask: read.append(source.shape) or start(source, **mask))
    for length in (3, 600):
        translations(model, TOKENIZER, [np.zeros(length, np.int64)] * 70, max_tokens=1)
    assert read == [(64, 4), (6, 4), (27, 601), (27, 601), (16, 601)]
    assert translations(model, TOKENIZER, []) == []


def test_texts_come_back_in_their_order_without_special_tokens(model):
    answers = translate(model, TOKENIZER, TEXTS)
    assert len(answers) == len(TEXTS) and answers[1] == "" and answers[3] == answers[4]
    rows = [TOKENIZER.encode(text) for text in TEXTS]
    assert answers == [TOKENIZER.decode(ids, special=False).strip() for ids in translations(model, TOKENIZER, rows)]


def test_a_name_of_a_special_token_is_text_and_what_nobody_knows_is_left_out(model):
    (as_text,) = translations(model, TOKENIZER, [TOKENIZER.encode("</s>")])
    assert translate(model, TOKENIZER, ["</s>"]) == [TOKENIZER.decode(as_text, special=False).strip()]
    assert as_text != translations(model, TOKENIZER, [np.array([EOS_ID])])[0]
    assert translate(model, TOKENIZER, ["<語/s>"]) == translate(model, TOKENIZER, ["</s>"])


def test_what_nobody_can_write_is_never_written():
    """A vocabulary that is padded has scores for ids that are no tokens, and here the highest."""
    size = TOKENIZER.vocab_size
    t5 = randomize(T5(vocab_size=size + 30, layers=1, heads=1, d_model=4, d_kv=2, d_ff=4), np.random.default_rng(0))
    t5.embedding.weight.data[size:] *= 9
    t5.eos_token_id = (EOS_ID,)
    for beams in (1, 2):
        (answer,) = translations(t5, TOKENIZER, [TOKENIZER.encode("abc")], beams=beams)
        assert answer and max(answer) < size


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"beams": 0}, "beams must be at least 1"),
        ({"max_tokens": 0}, "must be at least 1"),
        ({"length_penalty": 99.0}, "length penalty"),
    ],
    ids=str,
)
def test_settings_that_mean_nothing(model, settings, wrong):
    with pytest.raises(InputError, match=wrong):
        translate(model, TOKENIZER, ["a"], **settings)


def test_a_model_that_writes_nothing_for_a_text_and_a_text_that_is_no_list(model):
    with pytest.raises(InputError, match="This is a GPT, which does not read one text to write another"):
        translate(GPT(GPTConfig(TOKENIZER.vocab_size, context=4, layers=1, heads=1, d_model=4)), TOKENIZER, ["a"])
    with pytest.raises(InputError, match="one string"):
        translate(model, TOKENIZER, "a text")
