"""What a tokenizer and a corpus look like when they are printed."""

import numpy as np

from minillm.text import BPETokenizer, CharTokenizer, Corpus, WordPieceTokenizer


def test_a_tokenizer_shows_its_kind_and_the_size_of_its_vocabulary():
    assert repr(CharTokenizer("abc", ["[MASK]"])) == "CharTokenizer(vocab_size=4)"
    assert repr(BPETokenizer([(97, 98)])) == "BPETokenizer(vocab_size=257)"
    tokenizer = WordPieceTokenizer(["[UNK]", "cat", "##s"])
    tokenizer.restrict(2)
    assert repr(tokenizer) == "WordPieceTokenizer(vocab_size=2)", "what the model knows of it"


def test_a_corpus_shows_its_tokens_and_its_context():
    assert (
        repr(Corpus(np.arange(2000), context=64)) == "Corpus(1,800 tokens to train on, 200 to validate on, context=64)"
    )
