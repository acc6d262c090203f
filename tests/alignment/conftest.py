import numpy as np
import pytest

from minillm.alignment import Pair, tokenize_pairs
from minillm.models import GPT, GPTConfig
from minillm.text import CharTokenizer

TOKENIZER = CharTokenizer("\nabcdefghij")


def make_gpt(dtype=np.float64, seed=3, **sizes):
    return GPT(
        GPTConfig(**({"vocab_size": 11, "context": 12, "layers": 1, "heads": 2, "d_model": 8} | sizes)),
        seed=seed,
        dtype=dtype,
    )


@pytest.fixture
def gpt():
    return make_gpt()


@pytest.fixture
def tokenizer():
    return TOKENIZER


@pytest.fixture
def pairs():
    """Sixty pairs whose better answer is the one with an a in it."""
    rng = np.random.default_rng(0)
    letters = "bcdefghij"
    texts = []
    for _ in range(60):
        words = ["".join(rng.choice(list(letters), rng.integers(1, 5))) for _ in range(3)]
        texts.append(Pair(words[0], words[1] + "a\n", words[2] + "\n"))
    return tokenize_pairs(texts, TOKENIZER, 12)
