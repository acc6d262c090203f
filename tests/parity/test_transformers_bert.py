"""The encoder's models against Hugging Face's BERT of random weights: outputs, losses and every gradient."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import (
    ClassifierConfig,
    EncoderConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
)
from minillm.models.huggingface import tensors_of
from minillm.objectives import (
    classification,
    loss_backward,
    question_answering,
)
from minillm.ops import IGNORE, cross_entropy, cross_entropy_backward

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CONFIG = EncoderConfig(vocab_size=13, context=9, layers=3, heads=3, d_model=15, d_ff=11, token_types=3)
IDS = np.random.default_rng(1).integers(0, 13, (4, 7))
MASK = np.arange(7) < np.array([[7], [3], [1], [6]])
TYPES = np.random.default_rng(2).integers(0, 3, (4, 7))
INPUTS = {"mask": MASK, "token_types": TYPES}


@pytest.fixture
def limit(precision):
    return {"float64": 1e-9, "float32": 1e-5}[precision[0].name]


@pytest.fixture
def twins(precision):
    """(one of our models, the name of theirs) -> ours with random weights of order one, and theirs with the same."""

    def twins(ours, name, **choices):
        theirs = getattr(transformers, name)(
            transformers.BertConfig(
                vocab_size=13,
                hidden_size=15,
                num_hidden_layers=3,
                num_attention_heads=3,
                intermediate_size=11,
                max_position_embeddings=9,
                type_vocab_size=3,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
                pad_token_id=None,
                attn_implementation="eager",
                **choices,
            )
        ).to(getattr(torch, precision[0].name))
        randomize(ours, np.random.default_rng(0))
        with torch.no_grad():
            for at, value in tensors_of(ours).items():
                theirs.get_parameter(at).copy_(torch.tensor(value))
        return ours, theirs

    return twins


def run(model, **more):
    """Their model on the same text."""
    tensors = {"input_ids": IDS, "attention_mask": MASK.astype(int), "token_type_ids": TYPES, **more}
    return model(**{name: torch.tensor(value) for name, value in tensors.items()})


def compare_gradients(ours, theirs):
    gradients = tensors_of(ours, "grad")
    assert gradients.keys() == dict(theirs.named_parameters()).keys()
    assert sum(gradient.size for gradient in gradients.values()) == ours.vector.grad.size
    total, limit = np.linalg.norm(ours.vector.grad), {"float64": 1e-9, "float32": 1e-4}[ours.vector.grad.dtype.name]
    for name, found in gradients.items():
        wanted = theirs.get_parameter(name).grad.numpy()
        # The key bias has no gradient, and the query has little: the norm of all gradients measures their rounding.
        assert np.abs(found - wanted).max() <= limit * max(np.linalg.norm(wanted), 1e-1 * total), name


def test_masked_lm(twins, close, precision, limit):
    ours, theirs = twins(MaskedLM(CONFIG, dtype=precision[0]), "BertForMaskedLM")
    expected = run(theirs).logits
    logits, saved = ours.forward(IDS, **INPUTS)
    close(logits, expected, limit)
    dlogits = np.random.default_rng(3).standard_normal(logits.shape).astype(precision[0])
    expected.backward(torch.tensor(dlogits))
    ours.backward(dlogits, saved)
    compare_gradients(ours, theirs)


def test_masked_lm_at_its_places(twins, close, precision, limit):
    """Computed at the masked places only, and by them computed everywhere with the other labels ignored: the same."""
    ours, theirs = twins(MaskedLM(CONFIG, dtype=precision[0]), "BertForMaskedLM")
    places = MASK & (IDS % 3 == 1)
    expected = run(theirs, labels=np.where(places, IDS[:, ::-1], IGNORE))
    logits, saved = ours.forward(IDS, **INPUTS, places=places)
    assert logits.shape == (places.sum(), 13)
    close(logits, expected.logits[torch.tensor(places)], limit)
    loss, sl = cross_entropy(logits, IDS[:, ::-1][places])
    close(loss, expected.loss, limit)
    expected.loss.backward()
    ours.backward(cross_entropy_backward(1.0, sl), saved)
    compare_gradients(ours, theirs)


def test_sequence_classification(twins, close, precision, limit):
    config = ClassifierConfig(CONFIG, classes=5, pooler=True)
    ours, theirs = twins(SequenceClassifier(config, dtype=precision[0]), "BertForSequenceClassification", num_labels=5)
    expected = run(theirs).logits
    logits, saved = ours.forward(IDS, **INPUTS)
    close(logits, expected, limit)
    dlogits = np.random.default_rng(3).standard_normal(logits.shape).astype(precision[0])
    expected.backward(torch.tensor(dlogits))
    ours.backward(dlogits, saved)
    compare_gradients(ours, theirs)


def test_the_loss_of_classification(twins, close, precision, limit):
    config = ClassifierConfig(CONFIG, classes=5, pooler=True)
    ours, theirs = twins(SequenceClassifier(config, dtype=precision[0]), "BertForSequenceClassification", num_labels=5)
    labels = np.array([4, IGNORE, 0, 2])
    expected = run(theirs, token_type_ids=np.zeros_like(IDS), labels=labels).loss
    expected.backward()
    loss, saved = classification(ours, IDS, MASK, labels)
    loss_backward(ours, 1.0, saved)
    close(loss, expected, limit)
    compare_gradients(ours, theirs)


def test_question_answering(twins, close, precision, limit):
    ours = QuestionAnswering(QuestionAnsweringConfig(CONFIG), dtype=precision[0])
    ours, theirs = twins(ours, "BertForQuestionAnswering")
    result = run(theirs)
    expected = torch.stack([result.start_logits, result.end_logits], dim=1)
    scores, saved = ours.forward(IDS, **INPUTS)
    close(scores, expected, limit)
    dscores = np.random.default_rng(3).standard_normal(scores.shape).astype(precision[0])
    expected.backward(torch.tensor(dscores))
    ours.backward(dscores, saved)
    compare_gradients(ours, theirs)


def test_the_loss_of_question_answering(twins, close, precision, limit):
    """Of whole texts: theirs lets padding be the answer, ours does not."""
    ours = QuestionAnswering(QuestionAnsweringConfig(CONFIG), dtype=precision[0])
    ours, theirs = twins(ours, "BertForQuestionAnswering")
    spans, whole = np.array([[1, 3], [6, 6], [0, 5], [2, 4]]), np.ones_like(MASK)
    expected = run(
        theirs, attention_mask=whole.astype(int), start_positions=spans[:, 0], end_positions=spans[:, 1]
    ).loss
    expected.backward()
    loss, saved = question_answering(ours, IDS, whole, TYPES, spans)
    loss_backward(ours, 1.0, saved)
    close(loss, expected, limit)
    compare_gradients(ours, theirs)


def test_attention_maps(twins, close, precision, limit):
    ours, theirs = twins(MaskedLM(CONFIG, dtype=precision[0]), "BertForMaskedLM")
    tensors = (torch.tensor(x) for x in (IDS, MASK.astype(int), TYPES))
    expected = theirs(*tensors, output_attentions=True).attentions
    _, saved = ours.forward(IDS, **INPUTS)
    for block, map_ in zip(saved.blocks, expected, strict=True):
        close(block.attention.weights, map_, limit)
