"""From a text to token ids and back: tokenizers, and the corpus that makes batches of them."""

from minillm.text.bpe import BPETokenizer
from minillm.text.char import CharTokenizer
from minillm.text.chat import ChatFormat
from minillm.text.corpus import CausalBatch, Corpus, default_text, name_of, read_text, unigram_entropy, windows
from minillm.text.gpt2 import GPT2Tokenizer
from minillm.text.huggingface import HuggingFaceTokenizer
from minillm.text.pretrained import load_pretrained_tokenizer
from minillm.text.special_tokens import SpecialTokens, with_cls_and_sep
from minillm.text.tokenizer import Tokenizer
from minillm.text.tokenizer_file import load_tokenizer, save_tokenizer
from minillm.text.wordpiece import WordPieceTokenizer

__all__ = [
    "BPETokenizer",
    "CausalBatch",
    "CharTokenizer",
    "ChatFormat",
    "Corpus",
    "GPT2Tokenizer",
    "HuggingFaceTokenizer",
    "SpecialTokens",
    "Tokenizer",
    "WordPieceTokenizer",
    "default_text",
    "load_pretrained_tokenizer",
    "load_tokenizer",
    "name_of",
    "read_text",
    "save_tokenizer",
    "unigram_entropy",
    "windows",
    "with_cls_and_sep",
]
