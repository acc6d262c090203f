"""The world of lesson 13: reviews without labels, labelled ones by writers who know few words, reviews to be judged, and a small BERT that
repaired masked words in the first.

    world = ReviewBody(0)
    for step, masked_loss in world.pretrain(): ...       # without a label
    world.model.body, world.copies[300]                  # what it became; all weights, as they were after 300 steps
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from minillm.course.reviews import BLAME, PRAISE, Review, write_reviews
from minillm.finetuning import tokenize
from minillm.models import Encoder, EncoderConfig, MaskedLM, copy_parameters
from minillm.objectives import MASKED, MaskedData, Sentences
from minillm.ops import IGNORE, token_logp
from minillm.text import SpecialTokens
from minillm.text.wordpiece import WordPieceTokenizer
from minillm.training import Trainer, TrainOptions

CONTEXT = 64
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


class ReviewBody:
    """Everything is drawn from the seed. With `quick` all of it is small, and next to nothing is learned."""

    def __init__(self, seed: int, *, quick: bool = False):
        def part(number: int, count: int, known: float = 1.0) -> list[Review]:
            return write_reviews(count // 10 if quick else count, seed=3 * seed + number, known=known)

        self.unlabelled = [review.text for review in part(0, 8000)]
        self.labelled, self.judged = part(1, 2000, known=0.25), part(2, 1000)
        self.words = sorted({word for text in self.unlabelled for word in text.split()})
        self.tokenizer = WordPieceTokenizer({token: i for i, token in enumerate([*self.words, *SPECIAL])})
        self.ids = [self.tokenizer.encode(text) for text in self.unlabelled]
        begins = np.concatenate([np.arange(len(row)) == 0 for row in self.ids])
        rows = Sentences(np.concatenate(self.ids), CONTEXT - 2, begins)  # a review is a row, with [CLS] and [SEP]
        self.data = MaskedData(rows, SpecialTokens.of(self.tokenizer), len(self.words), rate=0.25)
        sizes = {"context": CONTEXT, "layers": 2, "heads": 4, "d_model": 64}
        config = EncoderConfig(self.tokenizer.vocab_size, **sizes, norm="pre", positions="sinusoidal", token_types=0)
        self.model = MaskedLM(config, seed=seed)
        self.every = 2 if quick else 100  # steps from one copy of the weights to the next
        self.seed = seed
        self.copies: dict[int, np.ndarray] = {}  # all weights, by the steps after which they were so
        self.masked_losses: dict[int, float] = {}  # on held-out reviews, by steps too

    def pretrain(self) -> Iterator[tuple[int, float]]:
        """Repair masked words in the reviews without labels: step and masked loss, at every evaluation."""
        settings = {"steps": 10 * self.every, "batch": 64, "lr": 4e-3, "warmup": 50, "schedule": "linear"}
        settings |= {"lr_floor": 0.0, "eval_every": self.every, "eval_batches": 6, "workers": 2, "seed": self.seed}
        for progress in Trainer(self.model, self.data, TrainOptions(**settings), MASKED).run():
            if progress.validation is not None:
                self.copies[progress.step] = self.model.vector.data.copy()
                self.masked_losses[progress.step] = progress.validation
                yield progress.step, progress.validation

    def tokenized(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The tokens of each text, with [CLS] in front and [SEP] at its end."""
        return tokenize(texts, self.tokenizer, CONTEXT).rows

    def losses_apart(self) -> tuple[float, float]:
        """The masked loss of the model as it is: at words of praise or blame, and at all others."""
        moods = [self.tokenizer.vocab[word] for word in (*PRAISE, *BLAME)]
        logps, are_moods = [], []
        for inputs, mask, targets in itertools.islice(self.data.validation_batches(64), 6):
            logp, _ = token_logp(self.model.forward(inputs, mask=mask)[0], targets)
            asked = targets != IGNORE
            logps.append(logp[asked])
            are_moods.append(np.isin(targets[asked], moods))
        logp, is_mood = np.concatenate(logps), np.concatenate(are_moods)
        return -float(logp[is_mood].mean()), -float(logp[~is_mood].mean())

    def masked_loss_of(self, body: Encoder) -> float:
        """The masked loss of a body under the head that this one was pretrained with, on reviews that were held out."""
        whole = MaskedLM(self.model.config, seed=None)
        copy_parameters(self.model, whole)
        copy_parameters(body, whole.body)
        batches = itertools.islice(self.data.validation_batches(64), 6)
        return float(np.mean([float(MASKED.forward(whole, *batch)[0]) for batch in batches]))
