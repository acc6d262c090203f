"""From a text to token ids and back: tokenizers, and the corpus that makes batches of them."""

from minillm.text.bpe import BPETokenizer
from minillm.text.char import CharTokenizer
from minillm.text.corpus import Corpus, default_text, read_text, unigram_entropy
from minillm.text.tokenizer import Tokenizer, load_tokenizer, save_tokenizer

__all__ = [
    "BPETokenizer",
    "CharTokenizer",
    "Corpus",
    "Tokenizer",
    "default_text",
    "load_tokenizer",
    "read_text",
    "save_tokenizer",
    "unigram_entropy",
]
