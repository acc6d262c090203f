"""Byte-pair encoding, the algorithm: learn merges from words, and apply them to words.

Both join one pair of neighbouring tokens after the other, everywhere at once. Learning joins the pair that is the most
frequent now; applying joins the pair that was learnt first. Sennrich, Haddow & Birch 2016, algorithm 1.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Pair = tuple[int, int]

FIRST_MERGE = 256  # ids 0 to 255 are the bytes themselves
END = -1  # stands between two words
GONE = -2  # stood here, and was joined to the token on its left


def learn_merges(words: Mapping[bytes, int], merges: int) -> list[Pair]:
    """The first so many merges of words that occur so many times.

    Among equally frequent pairs the one with the smaller ids comes first. Stops early when no pair occurs twice.
    """
    chains = Chains(words, words.values())
    queue = [(-count, pair) for pair, count in chains.counts.items()]
    heapq.heapify(queue)
    learnt: list[Pair] = []
    while queue and len(learnt) < merges:
        promised, pair = heapq.heappop(queue)
        count = chains.counts[pair]
        if count < 2:
            continue
        if count != -promised:  # a merge beside it has used some of it up since: back in line
            heapq.heappush(queue, (-count, pair))
            continue
        for new_pair in chains.join(pair, FIRST_MERGE + len(learnt)):
            heapq.heappush(queue, (-chains.counts[new_pair], new_pair))
        learnt.append(pair)
    return learnt


def apply_merges(words: Iterable[Sequence[int]], rank: Mapping[Pair, int], joined: Sequence[int]) -> list[list[int]]:
    """The token ids of each word, a sequence of ids itself.

    rank[pair] says when the pair was learnt, 0 for the first; joined[rank[pair]] is the token that it makes. A pair is joined everywhere
    before the next one, as in GPT-2's encoder.py. Two pairs may make the same token. In one list of merges it is always the same one that
    does, for what happens inside a token-to-be depends on nothing outside.
    """
    words = list(words)
    chains = Chains(words, [1] * len(words))
    queue = [(rank[pair], pair) for pair in chains.places if pair in rank]
    heapq.heapify(queue)
    while queue:
        order, pair = heapq.heappop(queue)
        for new_pair in chains.join(pair, joined[order]):
            if new_pair in rank:
                heapq.heappush(queue, (rank[new_pair], new_pair))
    return chains.words()


def in_order(rank: Mapping[Pair, int], joined: Sequence[int]) -> bool:
    """Whether a token is made before it is a part of another, as in every list that was learnt. Somebody's edited list may not be so."""
    last: dict[int, int] = {}  # the last merge that makes a token
    for order in rank.values():
        last[joined[order]] = max(order, last.get(joined[order], -1))
    return all(last.get(token, -1) < order for pair, order in rank.items() for token in pair)


def apply_merges_out_of_order(word: Sequence[int], rank: Mapping[Pair, int], joined: Sequence[int]) -> list[int]:
    """The token ids of one word by a list that is not `in_order`: `tokenizers` joins one pair at a time, the leftmost first."""
    tokens = list(word)
    while places := [(rank[pair], i) for i, pair in enumerate(pairwise(tokens)) if pair in rank]:
        order, i = min(places)
        tokens[i : i + 2] = [joined[order]]
    return tokens


class Chains:
    """Words as chains of tokens, with the places and the number of every pair of neighbours.

    To join a pair is to visit its places only, and each joining makes a token less. So the work grows with the length of the
    words, whatever the number of merges.
    """

    def __init__(self, words: Iterable[Sequence[int]], weights: Iterable[int]):
        self.tokens = [END]
        self.weights = [0]
        for word, weight in zip(words, weights, strict=True):
            self.tokens += word
            self.tokens.append(END)
            self.weights += [weight] * (len(word) + 1)
        self.left = list(range(-1, len(self.tokens) - 1))
        self.right = list(range(1, len(self.tokens) + 1))
        self.places: dict[Pair, list[int]] = defaultdict(list)
        self.counts: dict[Pair, int] = defaultdict(int)
        for place, pair in enumerate(pairwise(self.tokens)):
            if END not in pair:
                self.places[pair].append(place)
                self.counts[pair] += self.weights[place]

    def join(self, pair: Pair, new: int) -> set[Pair]:
        """Put the token `new` wherever the pair stands, from left to right; returns the pairs that this made."""
        tokens, left, right, counts, places = self.tokens, self.left, self.right, self.counts, self.places
        first, second = pair
        new_pairs = set()
        for here in places.pop(pair):  # in order: whoever made this pair went from left to right too
            there = right[here]
            if tokens[here] != first or tokens[there] != second:
                continue  # a token of this pair was joined to its other neighbour
            before, after, weight = left[here], right[there], self.weights[here]
            tokens[here], tokens[there] = new, GONE
            right[here], left[after] = after, here
            if tokens[before] != END:
                counts[tokens[before], first] -= weight
                new_pair = (tokens[before], new)
                counts[new_pair] += weight
                places[new_pair].append(before)
                new_pairs.add(new_pair)
            if tokens[after] != END:
                counts[second, tokens[after]] -= weight
                new_pair = (new, tokens[after])
                counts[new_pair] += weight
                places[new_pair].append(here)
                new_pairs.add(new_pair)
        return new_pairs

    def words(self) -> list[list[int]]:
        """The words as they stand now, each a list of tokens."""
        words, word = [], []
        for token in self.tokens[1:]:
            if token == END:
                words.append(word)
                word = []
            elif token != GONE:
                word.append(token)
        return words
