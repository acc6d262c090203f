"""Probes on folders of Hugging Face: the scores of a BERT as the authors of CrowS-Pairs compute them, and those of a GPT-2."""

import difflib
import json

import numpy as np
import pytest

from minillm.pretraining.probes import SentencePair
from minillm.pretraining.probes.scores import pair_scores
from minillm.text.gpt2 import byte_characters
from minillm.training import load

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "old",
    "young",
    "man",
    "woman",
    "sleep",
    "##s",
    "long",
    ".",
]
PAIRS = [
    SentencePair("the old man sleeps long.", "the young man sleeps long.", "age", 2),
    SentencePair("the woman sleeps.", "the old man sleeps, the man.", "age", 3),
]


@pytest.fixture
def bert(tmp_path):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    config = transformers.BertConfig(vocab_size=len(WORDS), max_position_embeddings=20, initializer_range=0.5, **sizes)
    model = transformers.BertForMaskedLM(config).eval()
    model.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return model, transformers.BertTokenizer(str(tmp_path / "vocab.txt")), tmp_path


def authors_scores(model, tokenizer, pair) -> list[float]:
    """`mask_unigram` of nyu-mll/crows-pairs' metric.py, on the tensors of transformers."""
    rows = [tokenizer.encode(text, return_tensors="pt")[0] for text in pair[:2]]
    blocks = difflib.SequenceMatcher(None, *[[str(token) for token in row.tolist()] for row in rows]).get_opcodes()
    equal = [block[1:] for block in blocks if block[0] == "equal"]
    shared = [[i for a, b, _, _ in equal for i in range(a, b)], [i for _, _, a, b in equal for i in range(a, b)]]
    scores = []
    for row, places in zip(rows, shared, strict=True):
        total = 0.0
        for place in places[1:-1]:
            hidden = row.clone()
            hidden[place] = tokenizer.mask_token_id
            with torch.no_grad():
                logits = model(hidden[None]).logits[0, place]
            total += float(torch.log_softmax(logits, -1)[row[place]])
        scores.append(total)
    return scores


def test_the_scores_of_a_bert_are_those_of_the_authors_script(bert):
    model, tokenizer, folder = bert
    ours, ids = load(folder)
    expected = [authors_scores(model, tokenizer, pair) for pair in PAIRS]
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(pair_scores(ours, ids, PAIRS), expected, atol=1e-4)


def test_a_gpt2_reads_a_sentence_behind_its_token_of_beginnings(tmp_path):
    torch.manual_seed(0)
    vocab = {character: i for i, character in enumerate([*byte_characters(), "<|endoftext|>"])}
    sizes = {"n_positions": 40, "n_embd": 16, "n_layer": 1, "n_head": 2, "initializer_range": 0.5}
    config = transformers.GPT2Config(vocab_size=len(vocab), bos_token_id=256, eos_token_id=256, **sizes)
    model = transformers.GPT2LMHeadModel(config).eval()
    model.save_pretrained(tmp_path)
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    ours, tokenizer = load(tmp_path)
    for pair, scores in zip(PAIRS, pair_scores(ours, tokenizer, PAIRS), strict=True):
        for text, score in zip(pair[:2], scores, strict=True):
            ids = torch.tensor([[256, *tokenizer.encode(text).tolist()]])
            with torch.no_grad():
                logp = torch.log_softmax(model(ids).logits[0, :-1], -1)
            expected = float(logp.gather(1, ids[0, 1:, None]).sum())
            assert score == pytest.approx(expected, abs=1e-3)
