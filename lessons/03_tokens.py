"""Lesson 03: Cut text into tokens (characters, bytes, byte-pair encoding)

Question   Should a model read words, characters, or something between them?
You build  byte-pair encoding: learn the pieces from a text, cut with them, and put the text together again
You need   lesson 01
Article    section 2.1: the "words" of a language model, and section 7: many languages
Time       5 s on 2 cores
Figures    03_tokens_per_story.png
Run        python lessons/03_tokens.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 03
"""

# %% [markdown]
# ## 1. Two bad answers
#
# The models of lessons 01 and 02 read words. Their vocabulary was what the stories contained, 62 words, and for any other word they have
# no row at all. The other extreme is to read characters, or the bytes that a computer stores them as. Nothing is unknown then, and
# everything is long.

# %%
import re
from collections import Counter

import numpy as np

from minillm.course import EXAMPLE, Lesson, write_stories
from minillm.plots import line_chart
from minillm.text import BPETokenizer

lesson = Lesson(3)

vocabulary = {word for story in write_stories(300) for word in story}
print("kitten" in vocabulary)
for text in ("the cat is on the table.", "猫在桌子上。"):
    print(f"{len(text)} characters, {len(text.encode())} bytes: {text}")
print("cat", list(b"cat"), "猫", list("猫".encode()))
#> False
#> 24 characters, 24 bytes: the cat is on the table.
#> 6 characters, 18 bytes: 猫在桌子上。
#> cat [99, 97, 116] 猫 [231, 140, 171]

# %% [markdown]
# Unicode gives every character of every script a number, its **code point**: `len` counts those. UTF-8 writes a code point in one to four
# bytes: an English letter in one, nearly every Chinese character in three, a rare one or an emoji in four. So every text in every
# language is a row of numbers from 0 to 255. We start from these bytes, so that nothing can ever be unknown, and then make the rows
# shorter.
#
# ## 2. Merge the most frequent pair
#
# Look for the two neighbours that occur together most often, give the pair a number of its own, and write it instead. That is a
# **merge**. Then do the same again: **byte-pair encoding** (BPE). Pieces never cross the borders of words: `the cat` would become one
# piece, and use up a number, without being a word; and each word need be merged only once, however often it comes. The space goes with
# the word behind it, so that cutting loses nothing and most words have one form, `␣cat`, in place of two. By hand, on *the cat is on the
# table*, where `␣` is a space: the words are the, ␣cat, ␣is, ␣on, ␣the, ␣table. The pairs `␣ t`, `t h` and `h e` occur twice, and every
# other once. Take one of the best, and look again.

# %%
# Letters, digits or punctuation, with the space before them; or other white space. Every character is in one of the four.
WORD = re.compile(r" ?[^\W\d]+| ?\d+| ?[^\w\s]+|\s+")

Word = tuple[int, ...]
Pair = tuple[int, int]


def count_pairs(words: dict[Word, int]) -> Counter:
    """How often each pair of neighbours occurs, in words that occur so many times."""
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    return pairs


def merge(word: Word, pair: Pair, new: int) -> Word:
    """The word with `new` wherever the pair stands, from left to right."""
    merged, at = [], 0
    while at < len(word):
        if word[at : at + 2] == pair:
            merged.append(new)
            at += 2
        else:
            merged.append(word[at])
            at += 1
    return tuple(merged)


def learn(text: str, merges: int) -> list[Pair]:
    """The pairs that were merged, in their order. Number 256 + i stands for the i-th. Of equally frequent pairs the smallest is first."""
    words = Counter(tuple(word.encode()) for word in WORD.findall(text))
    learned = []
    for new in range(256, 256 + merges):
        pairs = count_pairs(words)
        best = min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)
        if best is None or pairs[best] < 2:
            break
        words = {merge(word, best, new): count for word, count in words.items()}
        learned.append(best)
    return learned


def spell(learned: list[Pair]) -> list[bytes]:
    """The bytes that each number stands for."""
    pieces = [bytes([byte]) for byte in range(256)]
    for first, second in learned:
        pieces.append(pieces[first] + pieces[second])
    return pieces


learned = learn("the cat is on the table", 3)
print("merged:", [spell(learned)[256 + i].decode().replace(" ", "␣") for i in range(len(learned))])
#> merged: ['␣t', 'he']

# %% [markdown]
# Of equally frequent pairs we take the one with the smallest numbers, so `␣t` was first. That used up one of the two `t h`, and the next
# was `he`. Then no pair was left that occurs twice. Now the real thing: 300 stories, in English and in Chinese.
#
# ## 3. Learn from the stories

# %%
english = "\n".join(" ".join(story) for story in write_stories(300, lesson.seed))
chinese = "\n".join("".join(story) for story in write_stories(300, lesson.seed, "zh"))
learned = learn(english + "\n" + chinese, 400)
assert learned == BPETokenizer.train(english + "\n" + chinese, 400).merges  # the library learns the same
pieces = spell(learned)
print(f"{len(learned)} merges; the first: {[piece.decode(errors='replace').replace(' ', '␣') for piece in pieces[256:264]]}")
#> 400 merges; the first: ['␣t', 'he', '␣the', '␣.', …

# %% [markdown]
# Frequent words become one piece: `␣the` is the third. The fifth shows as `��`: the last two bytes of the Chinese full stop `。`, which
# alone are no text at all. Its first byte is merged with them in the next step.
#
# ## 4. Cut with them
#
# To cut a new text, merge in **the order in which the pairs were learned**. Later pairs are made of earlier ones, so any other order would
# look for pieces that are not there yet.

# %%
def encode(text: str, learned: list[Pair]) -> list[int]:
    """The numbers of a text's pieces."""
    ids = []
    for found in WORD.findall(text):
        word = tuple(found.encode())
        for i, pair in enumerate(learned):
            word = merge(word, pair, 256 + i)
        ids += word
    return ids


def decode(ids: list[int], learned: list[Pair]) -> str:
    pieces = spell(learned)
    return b"".join(pieces[i] for i in ids).decode()


sentence = " ".join(EXAMPLE["en"])
for known in (0, 5, 20, len(learned)):
    cut = [spell(learned[:known])[i].decode(errors="replace") for i in encode(sentence, learned[:known])]
    print(f"{known:>3} merges, {len(cut):>2} pieces: {'|'.join(cut)}")
np.testing.assert_array_equal(encode(sentence, learned), BPETokenizer(learned).encode(sentence))
ugly = " the kitten has 7 kittens,\n  x_1 = 2\t猫 😀\r\n"
assert decode(encode(ugly, learned), learned) == ugly
print("a new word:", [pieces[i].decode() for i in encode("the kitten", learned)])
#> 0 merges, 25 pieces: t|h|e| |c|a|t| |i|s| |o|n| |t|h|e| |t|a|b|l|e| |.
#> 5 merges, …
#> 20 merges, …
#> 400 merges, 8 pieces: t|he| cat| is| on| the| table| .
#> a new word: ['t', 'he', ' k', 'i', 't', 'te', 'n']

# %% [markdown]
# With all merges every word is one piece, but for the first: without a space before it *the* is another word, and a rare one. Real
# tokenizers have that quirk too. *kitten* was never seen: it comes out in a few pieces, and goes back together without loss, as does a
# text with digits, tabs and an emoji. The library's tokenizer gives the same numbers on the stories (its pattern treats digits and line
# breaks in another way: `minillm/text/bpe.py`).
#
# ## 5. Who pays?
#
# Tokens are what a model pays for: its time, and the length of what it can look back at. Lesson 01 taught not to compare per piece, nor
# per character: a Chinese character carries about as much as three English letters. The stories are told in both languages, so count the
# tokens of a *story*, of stories that the tokenizer has not seen; once where the pieces were learned from English alone, and once from
# both.

# %%
held_out = {
    "English": [" ".join(story) for story in write_stories(100, 1000 + lesson.seed)],
    "Chinese": ["".join(story) for story in write_stories(100, 1000 + lesson.seed, "zh")],
}
most = 100 if lesson.quick else 400
curves = {}
for source, text in {"English alone": english, "both": english + "\n" + chinese}.items():
    known = BPETokenizer.train(text, most).merges  # English alone has only so many pairs that come twice
    for language, told in held_out.items():
        curves[f"{language}, learned from {source}"] = [
            (n, np.mean([len(BPETokenizer(known[:n]).encode(story)) for story in told]))
            for n in sorted({*range(0, len(known), most // 8), len(known)})
        ]
for name, curve in curves.items():
    print(f"{name}: {curve[0][1]:.0f} -> {curve[-1][1]:.0f} tokens a story with {curve[-1][0]} merges")
lesson.save(
    line_chart(
        curves,
        xlabel="merges learned",
        ylabel="tokens per story",
        log_y=True,
        title="A tokenizer is cheap for the language that it learned from",
    ),
    "tokens_per_story",
    alt="Four curves of tokens per story against the number of merges. English falls from about 200 to 50 either way, and ends early where "
    "nothing else was read. Chinese stays near 185 when the pieces were learned from English alone, and falls to about 30 when from both.",
)
#> English, learned from English alone: 190 ± 10 -> 46 ± 3 tokens a story with 173 ± 15 merges
#> Chinese, learned from English alone: 185 ± 10 -> 185 ± 10 tokens a story with 173 ± 15 merges
#> English, learned from both: 190 ± 10 -> 48 ± 3 tokens a story with 400 merges
#> Chinese, learned from both: 185 ± 10 -> 29 ± 2 tokens a story with 400 merges

# %% [markdown]
# Read both prices. Against a tokenizer that has read Chinese, a Chinese reader pays six times as much; against an English reader of the
# same story, four times. With a tokenizer that has read both, the Chinese story is the shorter one. This happens with real models too
# (Petrov et al. 2023 measured up to fifteen times), and it is decided before a single weight is learned.
#
# ## 6. What breaks if a text is cut between the bytes of a character?

# %%
def stream(data: list[bytes]) -> list[str]:
    """What may be printed after each piece: all characters that are whole by then."""
    printed, waiting = [], b""
    for piece in data:
        waiting += piece
        whole = len(waiting)
        while whole and waiting[:whole].decode(errors="ignore").encode() != waiting[:whole]:
            whole -= 1  # the last character is not whole yet
        printed.append(waiting[:whole].decode())
        waiting = waiting[whole:]
    return printed


data = [bytes([byte]) for byte in "猫在".encode()]  # no merges: a piece is a byte
print("each byte as it comes:", "".join(piece.decode(errors="replace") for piece in data))
print("when whole:", stream(data))
tokenizer = BPETokenizer(learned)
assert "".join(tokenizer.stream(iter(tokenizer.encode("猫在桌子上。")))) == "猫在桌子上。"
#> each byte as it comes: ������
#> when whole: ['', '', '猫', '', '', '在']

# %% [markdown]
# A program that prints each of these bytes as soon as it comes shows a `�` for each. It must wait until a character is whole; the
# library's `stream` does, with Python's incremental decoder.
#
# ## Takeaways
#
# - Bytes make every text readable; merging frequent pairs makes it short. Between them lies a vocabulary of the size that you choose.
# - Merges are applied in the order in which they were learned, and cutting and putting together again loses nothing.
# - What was frequent in the tokenizer's text is cheap forever after; other languages pay.
#
# ## Exercises
#
# 1. `count_pairs`: how often each pair of neighbours occurs, in words that have counts.
# 2. `merge`: put one number in place of a pair, from left to right.
# 3. `encode`: cut a word with merges that were learned.
#
# `python -m minillm check 03`, and `--hint`.
#
# Predict, then run: learn from a text in capitals, and cut one in small letters with it. How many tokens does a story take? Why do
# language models spell badly, and where in this lesson is the reason?
#
# ## In the library
#
# `minillm/text/bpe.py` and `merging.py` learn and cut; `gpt2.py` and `wordpiece.py` read the tokenizers of GPT-2 and BERT;
# `special_tokens.py` has the tokens that no text can contain, such as lesson 01's `<end>`.
#
# ## In practice
#
# GPT-2 learned 50,000 merges; vocabularies of today have 100,000 to 256,000 tokens. Ours counts all pairs anew after each merge; a real
# program remembers where each pair stands, and touches only those places (`minillm/text/merging.py`). BERT's WordPiece chooses the pairs
# by another rule. The unigram model of Kudo 2018 starts from many pieces and throws the least useful away; SentencePiece, the program
# that T5 and Llama 2 use, can do both. A larger vocabulary makes texts shorter and the table of lesson 04 longer. From here on the
# lessons read the stories word by word, because their world is so small; `python -m minillm pretrain --tokenizer bpe` uses what you
# built.
#
# ## Reading
#
# - Gage 1994, *A New Algorithm for Data Compression*: the idea, for making files smaller.
# - Sennrich, Haddow and Birch 2016, *Neural Machine Translation of Rare Words with Subword Units*: the idea, for words.
# - Kudo 2018, *Subword Regularization*: the unigram model.
# - Petrov et al. 2023, *Language Model Tokenizers Introduce Unfairness Between Languages*.
