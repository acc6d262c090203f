"""What a run's text tells: whether its tokenizer can read it, whether what validates was read in training, and what the weights that were
kept say of it now.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from minillm.backend import to_host
from minillm.errors import InputError
from minillm.finetuning.classification import TASK, Choices, read_split
from minillm.models import GPT, ModelConfig
from minillm.ops import cross_entropy, softmax
from minillm.pretraining import OBJECTIVES, task_from_record
from minillm.text import Tokenizer, read_text
from minillm.text.corpus import training_part
from minillm.training import Run, TrainOptions, load
from minillm.training.record import Facts, sha256_of
from minillm.training.run import WEIGHTS
from minillm.training.saved_run import source_again

PIECE = 50  # characters: so many in a row are seldom written twice
PIECES = 400  # of the held-out text that are looked for
SAMPLE = 50_000  # characters that the tokenizer reads
TOKENS = 8192  # that the model reads
SHIFTS = (0, 1, 2, 3)  # how far ahead of its input a target may stand: 1 is the next token


class Measured(NamedTuple):
    """What the kept weights lose on held-out text, in nats a token, by the library's own objective."""

    shifted: dict[int, float]  # ... with targets that stand so many tokens ahead of their inputs
    softmax_twice: float  # ... on the next token, when the probabilities are taken for scores


class Texts(NamedTuple):
    """What there is to know of a text or of examples."""

    count: int  # tokens, or examples, to train on
    copied: float  # share of the held-out pieces that the training part has, word for word
    unknown: float  # share of the text that the tokenizer has no token for
    tokens_per_character: float
    measured: Measured | None = None  # of a causal run only
    apart: float = 1.0  # how many times harder the held-out part is than the training part: see how_far_apart


def read_texts(
    run: Run, facts: Facts, options: TrainOptions, config: ModelConfig, given: str | None, report: Callable
) -> tuple[Texts | None, str]:
    """What the run's text tells; or None, and why. `given` is where it is, if not where it was."""
    objective = facts.settings.get("objective")
    plain = objective in [*OBJECTIVES] and facts.settings.get("preference") is None
    if not plain and objective != TASK:
        return None, "of this kind of run it is not read"
    try:
        if given is None and facts.source == "-":
            return None, "it came from standard input; name it with `text`"
        source = source_again(run, facts.source, "text", report) if given is None else given
        tokenizer = run.tokenizer(config)
        if objective == TASK:
            Choices.check(facts.settings, config)
            dev = source_again(run, facts.settings["dev"], "text", report)
            split = read_split(source, dev, options.seed)
            return of_examples(split.training.texts, split.held_out.texts, tokenizer), ""
        task_from_record(facts.settings).check_model(config, tokenizer)
        text = read_text(source)
        if sha256_of(text) != facts.sha256:
            return None, f"{facts.name} is not what it was; name the right one with `text`"
        return of_text(text, tokenizer, run, objective, options), ""
    except InputError as error:
        return None, f"{error.wrong} {error.remedy}"


def of_text(text: str, tokenizer: Tokenizer, run: Run, objective: str, options: TrainOptions) -> Texts:
    """Nine tenths are to train on, the rest is held out, as in pretraining."""
    cut = training_part(len(text))
    pieces = [text[start : start + PIECE] for start in range(cut, len(text) - PIECE + 1, PIECE)]
    chosen = [pieces[i] for i in np.linspace(0, len(pieces) - 1, min(PIECES, len(pieces))).astype(int)]
    training = text[:cut]
    copied = sum(piece in training for piece in chosen) / max(len(chosen), 1)
    unknown, per_character = reading([text[:SAMPLE]], tokenizer)
    measured = None
    if objective == "causal" and run.path(WEIGHTS).exists():
        model, _ = load(run.directory)
        evaluated = None if options.eval_batches is None else options.eval_batches * options.batch
        measured = measure(model, tokenizer.encode(text[cut:]), evaluated)
    return Texts(round(cut * per_character), copied, unknown, per_character, measured, how_far_apart(text, cut))


def how_far_apart(text: str, cut: int) -> float:
    """By the frequencies of the characters in text[:cut], what the rest loses, divided by what pieces of text[:cut] as long lose, by the
    frequencies in the others. 1 where both are of one kind, or the text is too short to tell.
    """
    length = len(text) - cut
    if not 0 < length <= cut / 2:
        return 1.0
    _, ids = np.unique(np.frombuffer(text.encode("utf-32-le"), np.uint32), return_inverse=True)
    size = ids.max() + 1
    training = np.bincount(ids[:cut], minlength=size)

    def loss(counts: np.ndarray, others: np.ndarray) -> float:
        """Cross-entropy of characters so often seen, in nats a character. One is added to what is known of each: none is unseen."""
        return float(-(counts @ np.log((others + 1) / (others.sum() + size))) / counts.sum())

    pieces = [np.bincount(ids[start : start + length], minlength=size) for start in range(0, cut - length + 1, length)]
    within = np.mean([loss(piece, training - piece) for piece in pieces])
    return loss(np.bincount(ids[cut:], minlength=size), training) / max(within, 1e-9)


def of_examples(training: Sequence[str], held_out: Sequence[str], tokenizer: Tokenizer) -> Texts:
    known = set(training)
    copied = sum(text in known for text in held_out) / len(held_out)
    return Texts(len(training), copied, *reading(training[:PIECES], tokenizer))


def reading(texts: Sequence[str], tokenizer: Tokenizer) -> tuple[float, float]:
    """The share of some texts that the tokenizer has no token for, and how many tokens a character takes."""
    readable = [tokenizer.readable(text) for text in texts]
    ids = [token for text in readable for token in tokenizer.encode(text)]
    before, after = sum(map(len, texts)), sum(map(len, readable))
    missing = tokenizer.role("unk_token")
    unknown = 0 if missing is None else sum(token == missing for token in ids) / max(len(ids), 1)
    return max(1 - after / max(before, 1), unknown), len(ids) / max(after, 1)


def measure(model: GPT, ids: np.ndarray, windows: int | None = None) -> Measured | None:
    """Of the first windows of held-out tokens, at most as many as were evaluated in training. None where there is not one."""
    context, ahead = model.config.context, max(SHIFTS)
    count = min(TOKENS // context + 1, (len(ids) - ahead) // context)
    count = count if windows is None else min(count, windows)
    if count < 1:
        return None
    rows = {shift: ids[shift : shift + count * context].reshape(count, context).astype(np.int64) for shift in SHIFTS}
    logits, _ = model.forward(rows[0])
    losses = {shift: float(to_host(cross_entropy(logits, rows[shift])[0])) for shift in SHIFTS}
    probabilities, _ = softmax(logits)
    return Measured(losses, float(to_host(cross_entropy(probabilities, rows[1])[0])))
