"""Texts to train on, and to classify, are text: the name of a special token in them is letters. In a prompt it is the token."""

import re
from pathlib import Path

import numpy as np
import pytest

from minillm.alignment.pairs import Pair, tokenize_pairs
from minillm.alignment.reward_model import reward_from_model
from minillm.alignment.rollout import prompts_from
from minillm.finetuning.classification import tokenize
from minillm.generation import attention_maps, fill, fillings
from minillm.generation.filling import with_hole, with_holes
from minillm.gradcheck import randomize
from minillm.models import GPT, ClassifierConfig, EncoderConfig, GPTConfig, MaskedLM, SequenceClassifier
from minillm.pretraining import OBJECTIVES, PREFERENCES, prepare, settings_for
from minillm.text import BPETokenizer, CharTokenizer
from minillm.text.control_tokens import CONTROL_TOKENS
from minillm.text.special_tokens import BOS, CLS, EOS, MASK, PAD, SENTINELS, SEP

NAMES = (PAD, MASK, CLS, SEP, BOS, EOS, *SENTINELS[:3], *CONTROL_TOKENS, "<|endoftext|>", "[UNK]", "<mask>")
LINE = "In it {} stands for a hole, and {} twice. The rest is text.\n"
TEXT = "\n".join(LINE.format(name, name) for name in NAMES * 8)
TINY = {"preset": "tiny", "layers": 1, "d_model": 16, "heads": 2, "context": 24, "batch": 4, "workers": 1, "merges": 20}


def test_pairs_prompts_and_labelled_texts():
    tokenizer = CharTokenizer.train(TEXT, NAMES)
    special, text = np.array(list(tokenizer.special_tokens.values())), "".join(NAMES)
    pair = tokenize_pairs([Pair(text, "a" + text, "e" + text)], tokenizer, 2000)
    for (ids,) in pair:
        assert not np.isin(ids, special).any() and text in tokenizer.decode(ids)
    assert not np.isin(prompts_from(TEXT, tokenizer, 30), special).any()
    (ids,), *_ = tokenize([text], tokenizer)
    assert tokenizer.decode(ids[1:-1]) == text and not np.isin(ids[1:-1], special).any()
    assert tokenizer.labels(ids)[0] == CLS and tokenizer.labels(ids)[-1] == SEP, "ends are put around it by their ids"


def test_what_a_reward_model_reads():
    tokenizer = CharTokenizer.train(TEXT, NAMES)
    body = GPTConfig(tokenizer.vocab_size, context=64, layers=1, heads=1, d_model=4)
    model = randomize(SequenceClassifier(ClassifierConfig(body, classes=1)), np.random.default_rng(0))
    plain = CharTokenizer(tokenizer.characters)
    for text in ("a[MASK]", "<|endoftext|> the end"):
        assert reward_from_model(model, tokenizer)([text]) == reward_from_model(model, plain)([text])


@pytest.mark.parametrize("tokenizer", ["bpe", "char"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective(objective, tokenizer):
    """No id of a special token is in the text that batches are made of, and what was learned is shown on text that holds all names."""
    sizes = {name: value for name, value in TINY.items() if tokenizer == "bpe" or name != "merges"}
    settings = settings_for(objective, tokenizer=tokenizer, **sizes)
    model, data, made = prepare(settings, TEXT)
    ids = np.concatenate(settings.task.tokens(data))
    assert (
        not np.isin(ids, list(made.special_tokens.values())).any()
        and made.decode(ids[:400]) == TEXT[: len(made.decode(ids[:400]))]
    )
    for words in ("the [MASK] of [CLS]", "[MASK] hides", "a </s> <s> b", "a <extra_id_0> b", "<|good|> [PAD]"):
        assert settings.task.sample(model, made, words, seed=0)


@pytest.mark.parametrize("preference", PREFERENCES)
def test_every_preference(preference):
    text = "x = 1 # <|good|> [MASK]\ny = 2\n\na=1 # <|bad|>\nb=2\n\n" * 40
    settings = settings_for(preference=preference, **{name: value for name, value in TINY.items() if name != "merges"})
    _, data, tokenizer = prepare(settings, text)
    ids = np.concatenate([data.train, data.validation])
    control = np.isin(ids, list(tokenizer.special_tokens.values()))
    assert control.any() == (preference == "conditional")
    assert "# <|good|> [MASK]\n" in tokenizer.decode(ids[~control])


def test_the_holes_that_are_shown_are_made_of_ids():
    for tokenizer in (BPETokenizer.train(TEXT, 0, NAMES), CharTokenizer.train(TEXT, NAMES)):
        mask = tokenizer.role("mask_token")
        ids = with_hole(tokenizer, "a [MASK] ", " </s> b", mask)
        assert (ids == mask).sum() == 1 and tokenizer.decode(ids).replace(" ", "") == "a[MASK][MASK]</s>b"
        assert with_hole(tokenizer, "a ", " b", mask).tolist() == with_holes(tokenizer, "a [MASK] b").tolist()


def test_a_damaged_example_is_text_but_for_its_hole():
    tokenizer = BPETokenizer.train(TEXT, 0, NAMES)
    sentinel, special = tokenizer.special_tokens[SENTINELS[0]], list(tokenizer.special_tokens.values())
    words = "a </s> c <extra_id_0> [PAD]"
    span = OBJECTIVES["span"](context=24).damaged(tokenizer, words)
    assert [i for i in span if i in special] == [sentinel]
    assert tokenizer.decode(span) == "a </s><extra_id_0> <extra_id_0> [PAD]"
    denoise = OBJECTIVES["denoise"](context=24).damaged(tokenizer, words)
    assert not np.isin(denoise, special).any() and tokenizer.decode(denoise) == "a </s> <extra_id_0> [PAD]"


def test_the_page_on_tokens_says_so():
    page = (Path(__file__).resolve().parents[1] / "docs" / "tokens.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    tokenizer = CharTokenizer.train(TEXT, NAMES)
    plain, special, mask = (eval(line, {"tokenizer": tokenizer}) for line in block.splitlines())
    assert tokenizer.labels(plain) == ["a", "␣", *"[MASK]"]
    assert tokenizer.labels(special) == ["a", "␣", "[MASK]"] and special[-1] == mask


class TestPrompts:
    @pytest.fixture
    def tokenizer(self):
        return CharTokenizer.train(TEXT, NAMES)

    def test_attention_of_a_gpt_and_of_an_encoder(self, tokenizer):
        config = {"context": 64, "layers": 1, "heads": 1, "d_model": 4}
        text = "a[MASK]<|endoftext|>"
        gpt = attention_maps(GPT(GPTConfig(tokenizer.vocab_size, **config)), tokenizer, text)
        assert list(gpt.rows) == ["a", "[MASK]", "<|endoftext|>"]
        encoder = attention_maps(MaskedLM(EncoderConfig(tokenizer.vocab_size, **config)), tokenizer, text)
        assert list(encoder.rows) == ["[CLS]", "a", "[MASK]", "<|endoftext|>", "[SEP]"]

    @pytest.mark.parametrize("body", [GPTConfig, EncoderConfig])
    def test_a_classifier_is_shown_as_it_was_trained(self, tokenizer, body):
        config = body(tokenizer.vocab_size, context=64, layers=1, heads=1, d_model=4)
        maps = attention_maps(SequenceClassifier(ClassifierConfig(config, classes=2)), tokenizer, "a[SEP]")
        assert list(maps.rows) == ["[CLS]", "a", "[", "S", "E", "P", "]", "[SEP]"]

    def test_a_text_to_fill(self, tokenizer):
        model = MaskedLM(EncoderConfig(tokenizer.vocab_size, context=64, layers=1, heads=1, d_model=4))
        assert len(fill(model, tokenizer, "a [MASK] b [MASK]", count=1)) == 2
        assert fill(model, tokenizer, "a [MASK]", count=3) == fillings(
            model, tokenizer, with_holes(tokenizer, "a [MASK]"), 3
        )
