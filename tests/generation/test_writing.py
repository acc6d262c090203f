"""Text in, text out: what `write` gives is the prompt and what the model says after it, or the answer of an encoder-decoder."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import beam_search, begin, generate, likeliest_text, write
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM, Transformer, TransformerConfig
from minillm.text import BPETokenizer

TOKENIZER = BPETokenizer.train("the cat is on the table " * 9, 12, ("[PAD]", "<s>", "</s>", "<|good|>", "<|bad|>"))
SIZES = {"layers": 1, "heads": 2, "d_model": 8}
V = TOKENIZER.vocab_size


@pytest.fixture(scope="module")
def gpt():
    return GPT(GPTConfig(V + 3, context=32, **SIZES), seed=2)  # a vocabulary padded by three


def test_it_is_the_prompt_and_what_generate_writes(gpt):
    ids = TOKENIZER.encode("the cat")
    rules = {"banned": range(V, V + 3), "eos": [TOKENIZER.special_tokens["</s>"]]}
    expected = [*ids, *generate(gpt, ids, 12, temperature=0.8, seed=5, **rules)]
    assert write(gpt, TOKENIZER, "the cat", 12, seed=5) == TOKENIZER.decode(expected)


def test_settings_reach_the_sampling_and_a_stop_string_ends_it(gpt):
    whole = write(gpt, TOKENIZER, "the cat", 12, temperature=0)
    assert whole == write(gpt, TOKENIZER, "the cat", 12, temperature=0, seed=9), "the likeliest token every time"
    new = whole.removeprefix("the cat")
    assert (
        write(gpt, TOKENIZER, "the cat", 12, temperature=0, stop=[new[3:5]]) == "the cat" + new[: new.index(new[3:5])]
    )


def test_the_end_that_the_model_names_ends_the_text(gpt):
    likeliest = next(iter(generate(gpt, TOKENIZER.encode("the cat"), 1, temperature=0, banned=range(V, V + 3))))
    gpt.eos_token_id = [likeliest]
    try:
        assert write(gpt, TOKENIZER, "the cat", 12, temperature=0) == "the cat"
    finally:
        gpt.eos_token_id = ()


def test_an_encoder_decoder_answers():
    model = Transformer(TransformerConfig(V, d_ff=16, **SIZES), seed=2)
    begun = begin(model, TOKENIZER, TOKENIZER.encode("the cat"))
    answer = list(generate(model, begun.ids, 6, temperature=0, **begun.rules))
    assert write(model, TOKENIZER, "the cat", 6, temperature=0) == TOKENIZER.decode(answer)


def test_what_writes_no_text_and_what_is_no_prompt_are_refused(gpt):
    model = MaskedLM(EncoderConfig(V, context=16, **SIZES))
    with pytest.raises(InputError, match="writes no text"):
        write(model, TOKENIZER, "the cat")
    with pytest.raises(InputError, match="no token"):
        write(gpt, TOKENIZER, "")


def test_a_prompt_may_be_ids_for_whoever_goes_on_by_hand(gpt):
    begun = begin(gpt, TOKENIZER, np.array([1, 2]))
    assert list(begun.ids) == list(begun.prefix) == [1, 2]


@pytest.mark.parametrize(("ids", "read"), [([1, 2], [7, 1, 2]), ([7, 1], [7, 1]), ([], [7])])
def test_what_texts_of_a_tokenizer_begin_with_is_read_once_and_not_shown(gpt, monkeypatch, ids, read):
    monkeypatch.setattr(type(TOKENIZER), "start_tokens", [7])
    begun = begin(gpt, TOKENIZER, np.array(ids, np.int32))
    assert list(begun.ids) == read and begun.ids.dtype.kind == "i" and list(begun.prefix) == ids


def test_without_a_prompt_it_begins_on_a_new_line(gpt):
    assert write(gpt, TOKENIZER, max_tokens=6, seed=1) == write(gpt, TOKENIZER, "\n", 6, seed=1)


def test_the_likeliest_text_is_what_beam_search_finds_up_to_a_stop_string_and_without_what_is_banned(gpt):
    ids = TOKENIZER.encode("the cat")
    begun = begin(gpt, TOKENIZER, ids)
    best, *_ = beam_search(gpt, ids, 8, beams=3, **begun.rules)
    whole = likeliest_text(gpt, TOKENIZER, begun, 8, beams=3)
    assert whole == TOKENIZER.decode([*ids, *best.ids]).removeprefix("the cat")
    assert len(likeliest_text(gpt, TOKENIZER, begun, 8, beams=1, stops=[whole[0]])) < len(whole)
    t = TOKENIZER.encode("t")[0]
    others = [i for i in range(V) if i != t]
    assert likeliest_text(gpt, TOKENIZER, begun, 3, beams=1, banned=others) == "ttt", "nor the padding's tokens"
