"""Lesson 03: Cut text into tokens (characters, bytes, byte-pair encoding)

Question   Should a model read words, characters, or something between them?
You build  byte-pair encoding: learn the pieces from a text, cut with them, and put the text together again
You need   lesson 01
Article    section 2.1: the "words" of a language model, and section 7: many languages
Time       5 s on 2 cores
Figures    03_tokens_per_character.png
Run        python lessons/03_tokens.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 03
"""

# %% [markdown]
# ## 1. Two bad answers
#
# The models of lessons 01 and 02 read words. Their vocabulary was what the stories contained, 62 words, and for any other word they have no
# row at all. The other extreme is to read characters, or the bytes that a computer stores them as. Nothing is unknown then, and
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
# UTF-8 writes an English letter in one byte, and a Chinese character in three. Every text in every language is a row of numbers from 0
# to 255. We start from these bytes, so that nothing can ever be unknown, and then make the rows shorter.
#
# ## 2. Join the most frequent pair
#
# Look for the two neighbours that occur together most often, give the pair a number of its own, and write it instead. Then do the same
# again. That is **byte-pair encoding** (BPE). By hand, on *the cat is on the table*, where `␣` is a blank: the words are the, ␣cat, ␣is,
# ␣on, ␣the, ␣table. The pairs `␣ t`, `t h` and `h e` occur twice, and every other once. Take one of the best, and look again.

# %%
WORD = re.compile(r" ?[^\W\d]+| ?[^\w\s]+")  # a word or a mark, with the blank before it; pieces never cross their borders

Word = tuple[int, ...]
Pair = tuple[int, int]


def count_pairs(words: dict[Word, int]) -> Counter:
    """How often each pair of neighbours occurs, in words that occur so many times."""
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    return pairs


def join(word: Word, pair: Pair, new: int) -> Word:
    """The word with `new` wherever the pair stands, from left to right."""
    joined, at = [], 0
    while at < len(word):
        if word[at : at + 2] == pair:
            joined.append(new)
            at += 2
        else:
            joined.append(word[at])
            at += 1
    return tuple(joined)


def learn(text: str, merges: int) -> list[Pair]:
    """The pairs that were joined, in their order. Number 256 + i stands for the i-th. Of equally frequent pairs the smallest is first."""
    words = Counter(tuple(word.encode()) for word in WORD.findall(text))
    learned = []
    for new in range(256, 256 + merges):
        pairs = count_pairs(words)
        best = min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)
        if best is None or pairs[best] < 2:
            break
        words = {join(word, best, new): count for word, count in words.items()}
        learned.append(best)
    return learned


def spell(learned: list[Pair]) -> list[bytes]:
    """The bytes that each number stands for."""
    pieces = [bytes([byte]) for byte in range(256)]
    for first, second in learned:
        pieces.append(pieces[first] + pieces[second])
    return pieces


learned = learn("the cat is on the table", 3)
print("joined:", [spell(learned)[256 + i].decode().replace(" ", "␣") for i in range(len(learned))])
#> joined: ['␣t', 'he']

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
print(f"{len(learned)} joins; the first: {[piece.decode(errors='replace').replace(' ', '␣') for piece in pieces[256:264]]}")
#> 400 joins; the first: ['␣t', 'he', '␣the', '␣.', …

# %% [markdown]
# Frequent words become one piece: `␣the` is the third. The fifth shows as `��`: the last two bytes of the Chinese full stop `。`, which
# alone are no text at all. Its first byte joins them in the next step.
#
# ## 4. Cut with them
#
# To cut a new text, join in **the order in which the pairs were learned**. Later pairs are made of earlier ones, so any other order would
# look for pieces that are not there yet.

# %%
def encode(text: str, learned: list[Pair]) -> list[int]:
    """The numbers of a text's pieces."""
    ids = []
    for found in WORD.findall(text):
        word = tuple(found.encode())
        for i, pair in enumerate(learned):
            word = join(word, pair, 256 + i)
        ids += word
    return ids


def decode(ids: list[int], learned: list[Pair]) -> str:
    pieces = spell(learned)
    return b"".join(pieces[i] for i in ids).decode()


sentence = " ".join(EXAMPLE["en"])
for known in (0, 5, 20, len(learned)):
    cut = [spell(learned[:known])[i].decode(errors="replace") for i in encode(sentence, learned[:known])]
    print(f"{known:>3} joins, {len(cut):>2} pieces: {'|'.join(cut)}")
np.testing.assert_array_equal(encode(sentence, learned), BPETokenizer(learned).encode(sentence))
kitten = " the kitten is 猫"
assert decode(encode(kitten, learned), learned) == kitten
print("a new word:", [pieces[i].decode() for i in encode("the kitten", learned)])
#> 0 joins, 25 pieces: t|h|e| |c|a|t| |i|s| |o|n| |t|h|e| |t|a|b|l|e| |.
#> 5 joins, …
#> 20 joins, …
#> 400 joins, 8 pieces: t|he| cat| is| on| the| table| .
#> a new word: ['t', 'he', ' k', 'i', 't', 'te', 'n']

# %% [markdown]
# With all joins every word is one piece, but for the first: without a blank before it *the* is another word, and a rare one. Real
# tokenizers have that quirk too. *kitten* was never seen: it comes out in a few pieces, and goes back together without loss. The library's
# tokenizer gives the same numbers. (Its pattern for words also has digits and line breaks, which `WORD` leaves out to stay short.)
#
# ## 5. Who pays?
#
# Pieces are what a model pays for: its time, and the length of what it can look back at. Count them per character, in both languages, when
# the pieces were learned from English alone, and when they were learned from both.

# %%
steps = [0, 10, 25, 50, 100, 200, 400]
curves = {}
sample = {"English": english[:2000], "Chinese": chinese[:2000]}
for source, text in {"English": english, "both": english + "\n" + chinese}.items():
    known = BPETokenizer.train(text, steps[-1]).merges
    for language, judged in sample.items():
        curves[f"{language}, learned from {source}"] = [
            (n, len(BPETokenizer(known[:n]).encode(judged)) / len(judged)) for n in steps
        ]
for name, curve in curves.items():
    print(f"{name}: {curve[0][1]:.2f} -> {curve[-1][1]:.2f} tokens a character")
lesson.save(
    line_chart(
        curves,
        xlabel="joins learned",
        ylabel="tokens per character",
        title="A tokenizer is cheap for the language that it learned from",
    ),
    "tokens_per_character",
    alt="Four curves of tokens per character against the number of joins. English falls from 1 to about 0.25 either way. Chinese "
    "stays near 3 when the pieces were learned from English alone, and falls to about 0.5 when they were learned from both.",
)
#> English, learned from English: 1.00 -> 0.25 ± 0.02 tokens a character
#> Chinese, learned from English: 2.97 -> 2.97 tokens a character
#> English, learned from both: 1.00 -> 0.25 ± 0.02 tokens a character
#> Chinese, learned from both: 2.97 -> 0.48 ± 0.03 tokens a character

# %% [markdown]
# The same story costs a Chinese reader six times as much if the tokenizer has only seen English. This happens with real models too, and
# it is decided before a single weight is learned.
#
# ## 6. What breaks if a text is cut between the bytes of a character?

# %%
ids = encode("猫在桌子上。", [])[:4]  # no joins, and only four bytes of six characters
print("four bytes:", b"".join(spell([])[i] for i in ids).decode(errors="replace"))
tokenizer = BPETokenizer(learned)
print("as they are written:", "".join(tokenizer.stream(iter(tokenizer.encode("猫在桌子上。")))))
#> four bytes: 猫�
#> as they are written: 猫在桌子上。

# %% [markdown]
# A program that prints every piece as soon as it comes shows such a `�`. It must wait until a character is whole; `stream` does.
#
# ## Takeaways
#
# - Bytes make every text readable; joining frequent pairs makes it short. Between them lies a vocabulary of the size that you choose.
# - Joins are applied in the order in which they were learned, and cutting and joining again loses nothing.
# - What was frequent in the tokenizer's text is cheap forever after; other languages pay.
#
# ## Exercises
#
# 1. `count_pairs`: how often each pair of neighbours occurs, in words that have counts.
# 2. `join`: put one number in place of a pair, from left to right.
# 3. `encode`: cut a word with joins that were learned.
#
# `python -m minillm check 03`, and `--hint`.
#
# ## In practice
#
# GPT-2 learned 50,000 joins, today's models 100,000 to 250,000. Ours counts all pairs anew after each join; a real program
# remembers where each pair stands, and touches only those places (`minillm/text/merging.py`). BERT's WordPiece chooses the pairs by
# another rule; T5's SentencePiece starts from many pieces and throws the least useful away. From here on the lessons read the stories
# word by word, because their world is so small; `python -m minillm pretrain --tokenizer bpe` uses what you built.
#
# ## Reading
#
# - Gage 1994, *A New Algorithm for Data Compression*: the idea, for making files smaller.
# - Sennrich, Haddow and Birch 2016, *Neural Machine Translation of Rare Words with Subword Units*: the idea, for words.
# - Petrov et al. 2023, *Language Model Tokenizers Introduce Unfairness Between Languages*.
