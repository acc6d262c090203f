"""Exercises of lesson 11: pretrain by repairing.

Write what is missing, then: python -m minillm check 11
"""

import numpy as np

IGNORE = -100  # where nothing is asked


def mask_words(
    ids: np.ndarray, chosen: np.ndarray, special: np.ndarray, dice: np.ndarray, anything: np.ndarray, mask: int
) -> tuple[np.ndarray, np.ndarray]:
    """BERT's masking: what the model reads, and what it is asked for.

    All arrays are (B, T): ids; chosen, boolean; special, boolean, True at tokens that are no words ([CLS], [SEP], padding); dice, numbers
    from 0 to 1; anything, the ids to swap in. A place is damaged only if it is chosen and not special. There the model reads
    mask where the die is below 0.8, the id in `anything` where it is from 0.8 to below 0.9, and the old id where it is 0.9 or more.
    At all three kinds of place it is asked for the old id; everywhere else the second array holds IGNORE.
    Returns reads and asked, both (B, T). ids itself must stay as it is.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    hit = chosen & ~special
    masked = hit & (dice < 0.8)
    swapped = hit & (dice >= 0.8) & (dice < 0.9)
    reads = np.where(masked, mask, np.where(swapped, anything, ids))
    asked = np.where(hit, ids, IGNORE)
    return reads, asked
    # end


def masked_loss(p: np.ndarray, asked: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss at the places where something is asked, and its gradient with respect to the logits.

    p (N, V): the probabilities that softmax made of the logits, of N places; asked (N,): the right id, or IGNORE. The loss is the mean of
    -ln p(right id) over the places that are asked. Its gradient (N, V) is (p - y) / (number of places asked) there, where y is 1 at the
    right id and 0 elsewhere; in the rows of all other places it is 0. At least one place is asked.
    For example p [[0.9, 0.1], [0.25, 0.75]] and asked [IGNORE, 0] give ln 4 and [[0, 0], [-0.75, 0.75]].

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    places = np.flatnonzero(asked != IGNORE)
    right = asked[places]
    loss = -np.log(p[places, right]).sum() / len(places)
    gradient = np.zeros_like(p)
    gradient[places] = p[places]
    gradient[places, right] -= 1
    gradient /= len(places)
    return loss, gradient
    # end


def hide_spans(ids: np.ndarray, hidden: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """T5's damage: ids (T,), and hidden (T,), boolean, True at the words to hide -> what the model reads, and what it has to write.

    Hidden words that stand side by side are a *span*. In what the model reads, one *sentinel* takes the place of each whole span: `first`
    for the first span of the text, first + 1 for the next, and so on. It has to write only what is hidden: for each span its sentinel, and
    then its words; after the last span one more sentinel, the next number, as the end. (Raffel et al. 2020, section 3.1.4.)

    For example ids [5, 6, 7, 8, 9], hidden [F, T, T, F, T] and first = 100 give [5, 100, 8, 101] and [100, 6, 7, 101, 9, 102].

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    begins = hidden & ~np.append(False, hidden[:-1])
    reads, writes, sentinel = [], [], first
    for word, gone, begin in zip(ids, hidden, begins):
        if begin:
            reads.append(sentinel)
            writes.append(sentinel)
            sentinel += 1
        if gone:
            writes.append(word)
        else:
            reads.append(word)
    writes.append(sentinel)
    return np.array(reads), np.array(writes)
    # end
