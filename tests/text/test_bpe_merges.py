"""The fast merging against the slow: a trainer that counts everything anew for each merge, and an encoder that follows it."""

import random
from collections import Counter
from itertools import pairwise

from minillm.text.merging import apply_merges, learn_merges


def replace(word: list[int], pair: tuple[int, int], new: int) -> list[int]:
    joined, i = [], 0
    while i < len(word):
        here = tuple(word[i : i + 2]) == pair
        joined.append(new if here else word[i])
        i += 2 if here else 1
    return joined


def slow_learn(words: dict[bytes, int], merges: int) -> list[tuple[int, int]]:
    chains = [(list(word), weight) for word, weight in words.items()]
    learnt = []
    while len(learnt) < merges:
        counts = Counter()
        for chain, weight in chains:
            for pair in pairwise(chain):
                counts[pair] += weight
        if not counts or max(counts.values()) < 2:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        chains = [(replace(chain, pair, 256 + len(learnt)), weight) for chain, weight in chains]
        learnt.append(pair)
    return learnt


def slow_apply(word: bytes, merges: list[tuple[int, int]]) -> list[int]:
    tokens = list(word)
    for i, pair in enumerate(merges):
        tokens = replace(tokens, pair, 256 + i)
    return tokens


def random_words(rng: random.Random) -> dict[bytes, int]:
    """Few letters and few counts: many ties, and runs of one letter whose pairs overlap."""
    letters = b"abcd"[: rng.randrange(1, 5)]
    words = (bytes(rng.choices(letters, k=rng.randrange(1, 20))) for _ in range(rng.randrange(1, 30)))
    return {word: rng.randrange(1, 4) for word in words}


def test_the_merges_are_those_of_the_slow_trainer():
    for seed in range(100):
        rng = random.Random(seed)
        words = random_words(rng)
        merges = rng.choice([0, 1, 5, 40, 400])
        assert learn_merges(words, merges) == slow_learn(words, merges), f"seed {seed}"


def test_words_are_split_as_by_the_slow_encoder():
    for seed in range(100):
        rng = random.Random(seed)
        merges = slow_learn(random_words(rng), 60)
        words = list(random_words(rng))  # words that the merges were not learnt from
        rank = {pair: i for i, pair in enumerate(merges)}
        split = apply_merges(words, rank, range(256, 256 + len(merges)))
        assert split == [slow_apply(word, merges) for word in words], f"seed {seed}"


def test_among_equals_the_smaller_ids_come_first_whatever_the_order_of_the_words():
    words = {b"yz": 2, b"bc": 2, b"ab": 2}
    learnt = [(ord("a"), ord("b")), (ord("b"), ord("c")), (ord("y"), ord("z"))]
    assert learn_merges(words, 3) == learnt
    assert learn_merges(dict(reversed(words.items())), 3) == learnt


def test_the_example_of_sennrich_haddow_and_birch():
    """Figure 1 of the paper: r·, lo, low, er· are what low, lowest, newer, wider teach (· ends a word)."""
    merges = learn_merges({b"low.": 5, b"lowest.": 2, b"newer.": 6, b"wider.": 3}, 4)
    tokens = [bytes([i]) for i in range(256)]
    for first, second in merges:
        tokens.append(tokens[first] + tokens[second])
    assert set(tokens[256:]) == {b"er", b"er.", b"lo", b"low"}  # er and r· are tied at 9; ours breaks the tie by ids


def test_a_run_of_one_letter_is_halved_and_halved_again():
    assert learn_merges({b"a" * 16: 1}, 100) == [(97, 97), (256, 256), (257, 257)]  # a last pair occurs once only


def test_a_pair_that_occurs_once_teaches_nothing():
    assert learn_merges({b"abc": 1}, 10) == []
    assert learn_merges({b"abc": 2}, 10) == [(97, 98), (256, 99)]
    assert learn_merges({}, 10) == []


def openai_bpe(word: str, rank: dict[tuple[str, str], int]) -> list[str]:
    """As in GPT-2's encoder.py: while a pair of neighbours is in the list of merges, join the one that was learnt first, everywhere."""
    tokens = list(word)
    while pairs := [pair for pair in pairwise(tokens) if pair in rank]:
        pair = min(pairs, key=rank.__getitem__)
        tokens = replace(tokens, pair, "".join(pair))
    return tokens


def test_any_list_of_merges_is_followed_as_gpt2_does():
    """Also where two merges make one token (ab c, a bc), and where a merge comes before the ones that make its parts."""
    for seed in range(200):
        rng = random.Random(seed)
        tokens, merges = list("ab"), []
        while len(merges) < 25:
            merge = rng.choice(tokens), rng.choice(tokens)
            if merge not in merges and len("".join(merge)) < 6:
                merges.append(merge)
                tokens.append("".join(merge))
        rng.shuffle(merges)
        ids = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
        rank = {merge: i for i, merge in enumerate(merges)}
        words = ["".join(rng.choices("ab", k=rng.randrange(1, 30))) for _ in range(20)]
        split = apply_merges(
            [[ids[letter] for letter in word] for word in words],
            {(ids[first], ids[second]): i for (first, second), i in rank.items()},
            [ids["".join(merge)] for merge in merges],
        )
        assert split == [[ids[token] for token in openai_bpe(word, rank)] for word in words], f"seed {seed}"
