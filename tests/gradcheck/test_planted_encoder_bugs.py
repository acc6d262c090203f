"""The check must fail on wrong gradients: plausible mistakes in the encoder's family, planted one at a time."""

import inspect

import numpy as np
import pytest

from minillm import layers, models, objectives
from minillm.gradcheck import LIMIT, encoder_cases
from minillm.layers import Embedding, Layer, LoRALinear, Pooling, Stack, stack
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models import Encoder, MaskedLM, QuestionAnswering, SequenceClassifier, heads
from minillm.models.heads import ClassificationHead, MaskedLMHead, Pooler, SpanHead
from minillm.ops import cross_entropy_backward, linear_backward, sum_rows
from tests.gradcheck.planting import owners, planter

BUGS = {}
bug = planter(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


def test_every_head_and_model_has_a_bug():
    classes = {
        c for file in (heads, models) for c in vars(file).values() if inspect.isclass(c) and issubclass(c, Layer)
    }
    own = {c for c in classes if c.__module__ in ("minillm.models.heads", "minillm.models.encoder")}
    assert own | {SequenceClassifier, QuestionAnswering} <= owners()


right = {owner: owner.backward for owner in (LoRALinear, SpanHead, Stack)}  # unpatched
right_first_trainable = stack.first_trainable


# --- pooling ------------------------------------------------------------------------------------------------------------------------------


@bug("Pooling:mean", Pooling)
def gradient_spread_over_the_padding(self, dy, saved):
    return np.repeat(dy[:, None] / saved.shape[1], saved.shape[1], axis=1)


@bug("Pooling:mean", Pooling)
def each_token_paid_the_whole(self, dy, saved):
    return (saved > 0)[:, :, None] * dy[:, None, :]


@bug("Pooling:mean", Pooling)
def count_of_another_text(self, dy, saved):
    return saved[::-1, :, None] * dy[:, None, :]


@bug("Pooling:first", Pooling)
def first_place_though_it_is_padding(self, dy, saved):
    dx = np.zeros((*saved.shape, dy.shape[-1]))
    dx[:, 0] = dy
    return dx


@bug("Pooling:last", Pooling)
def last_place_though_it_is_padding(self, dy, saved):
    dx = np.zeros((*saved.shape, dy.shape[-1]))
    dx[:, -1] = dy
    return dx


@bug("Pooling:no-mask", Pooling)
def first_taken_for_last(self, dy, saved):
    return saved[:, ::-1, None] * dy[:, None, :]


@bug("Pooling:nothing-real", Pooling)
def empty_text_paid_too(self, dy, saved):
    weights = np.where(saved.sum(1, keepdims=True) == 0, 1 / saved.shape[1], saved)
    return weights[:, :, None] * dy[:, None, :]


# --- LoRA ---------------------------------------------------------------------------------------------------------------------------------


def wrong_lora(self, dy, saved, scale_up=None, scale_down=None, through=1, beside=1):
    """The backward of LoRALinear, with the scale of each gradient, and of the two ways to x, to be set."""
    scale_up = self.scale if scale_up is None else scale_up
    ddown, db, _ = linear_backward(dy, saved.up)
    dx, da, _ = linear_backward(ddown, saved.down)
    self.lora_b.accumulate(scale_up * db)
    self.lora_a.accumulate((self.scale if scale_down is None else scale_down) * da)
    return through * self.scale * dx + beside * self.linear.backward(dy, saved.linear)


def test_the_breakable_adapter_is_right_until_broken(error_with):
    assert error_with("LoRALinear", LoRALinear, "backward", wrong_lora) < LIMIT


@bug("LoRALinear", LoRALinear)
def scale_forgotten_in_b(self, dy, saved):
    return wrong_lora(self, dy, saved, scale_up=1)


@bug("LoRALinear", LoRALinear)
def scale_forgotten_in_a(self, dy, saved):
    return wrong_lora(self, dy, saved, scale_down=1)


@bug("LoRALinear", LoRALinear)
def scale_forgotten_in_dx(self, dy, saved):
    return wrong_lora(self, dy, saved, through=1 / self.scale)


@bug("LoRALinear", LoRALinear)
def scale_applied_twice(self, dy, saved):
    return wrong_lora(self, dy, saved, scale_up=self.scale**2, scale_down=self.scale**2, through=self.scale)


@bug("LoRALinear", LoRALinear)
def x_paid_through_the_frozen_weight_only(self, dy, saved):
    return wrong_lora(self, dy, saved, through=0)


@bug("LoRALinear", LoRALinear)
def x_paid_through_the_adapter_only(self, dy, saved):
    return wrong_lora(self, dy, saved, beside=0)


@bug("LoRALinear:all-trained", LoRALinear)
def weight_not_learned_though_it_is_thawed(self, dy, saved):
    dx = right[LoRALinear](self, dy, saved)
    self.linear.weight.accumulate(-linear_backward(dy, saved.linear)[1])
    return dx


@bug("SequenceClassifier:lora", LoRALinear)
def adapter_learns_nothing(self, dy, saved):
    return wrong_lora(self, dy, saved, scale_up=0, scale_down=0)


# --- heads --------------------------------------------------------------------------------------------------------------------------------


def wrong_masked_lm_head(self, dlogits, saved, bias=sum_rows, table=True, norm=True, activation=True):
    _, activate_backward = ACTIVATIONS[self.activation]
    self.bias.accumulate(bias(dlogits))
    dn = self.decoder.backward(dlogits, saved.decoder) if table else linear_backward(dlogits, saved.decoder)[0]
    da = self.norm.backward(dn, saved.norm) if norm else dn
    dx = self.dense.backward(activate_backward(da, saved.activation) if activation else da, saved.dense)
    if saved.places is None:
        return dx
    dhidden = np.zeros((saved.shape[0] * saved.shape[1], saved.shape[2]))
    dhidden[saved.places] = dx
    return dhidden.reshape(saved.shape)


def test_the_breakable_head_is_right_until_broken(error_with):
    assert error_with("MaskedLMHead:places", MaskedLMHead, "backward", wrong_masked_lm_head) < LIMIT


@bug("MaskedLMHead", MaskedLMHead)
def bias_of_the_words_not_learned(self, dlogits, saved):
    return wrong_masked_lm_head(self, dlogits, saved, bias=lambda d: np.zeros(d.shape[-1]))


@bug("MaskedLMHead", MaskedLMHead)
def bias_of_the_words_meaned(self, dlogits, saved):
    return wrong_masked_lm_head(self, dlogits, saved, bias=lambda d: d.reshape(-1, d.shape[-1]).mean(0))


@bug("MaskedLMHead", MaskedLMHead)
def norm_of_the_head_skipped(self, dlogits, saved):
    return wrong_masked_lm_head(self, dlogits, saved, norm=False)


@bug("MaskedLMHead:places", MaskedLMHead)
def activation_of_the_head_not_undone(self, dlogits, saved):
    return wrong_masked_lm_head(self, dlogits, saved, activation=False)


@bug("MaskedLMHead:places", MaskedLMHead)
def rows_put_to_the_first_places(self, dlogits, saved):
    return wrong_masked_lm_head(self, dlogits, saved._replace(places=np.arange(len(saved.places))))


@bug("MaskedLMHead:places", MaskedLMHead)
def rows_put_back_in_reverse(self, dlogits, saved):
    return wrong_masked_lm_head(self, dlogits, saved._replace(places=saved.places[::-1]))


@bug("MaskedLM", MaskedLMHead)
def tied_tables_head_gradient_lost(self, dlogits, saved):
    return wrong_masked_lm_head(self, dlogits, saved, table=False)


@bug("Pooler", Pooler)
def tanh_not_undone(self, dy, saved):
    return self.dense.backward(dy, saved.dense)


@bug("Pooler", Pooler)
def tanh_undone_at_its_input(self, dy, saved):
    return self.dense.backward(dy * (1 - np.tanh(saved.tanh) ** 2), saved.dense)


def wrong_classification_head(self, dlogits, saved, dropout=True, pooler=True):
    dx = self.linear.backward(dlogits, saved.linear)
    dx = self.dropout.backward(dx, saved.dropout) if dropout else dx
    dx = self.pooler.backward(dx, saved.pooler) if self.pooler and pooler else dx
    return self.pooling.backward(dx, saved.pooling)


def test_the_breakable_classification_head_is_right_until_broken(error_with):
    assert error_with("ClassificationHead:pooler", ClassificationHead, "backward", wrong_classification_head) < LIMIT


@bug("ClassificationHead:pooler", ClassificationHead)
def dropout_of_the_head_forgotten(self, dlogits, saved):
    return wrong_classification_head(self, dlogits, saved, dropout=False)


@bug("ClassificationHead:pooler", ClassificationHead)
def pooler_skipped(self, dlogits, saved):
    return wrong_classification_head(self, dlogits, saved, pooler=False)


@bug("ClassificationHead", ClassificationHead)
def all_tokens_taken_for_real(self, dlogits, saved):
    even = np.full_like(saved.pooling, 1 / saved.pooling.shape[1])
    return wrong_classification_head(self, dlogits, saved._replace(pooling=even))


@bug("SpanHead", SpanHead)
def start_and_end_swapped(self, dscores, saved):
    return right[SpanHead](self, dscores[:, ::-1], saved)


@bug("SpanHead", SpanHead)
def reshaped_for_transposed(self, dscores, saved):
    batch, two, length = dscores.shape
    return self.linear.backward(dscores.reshape(batch, length, two), saved)


# --- models -------------------------------------------------------------------------------------------------------------------------------


def wrong_encoder(
    self, dhidden, saved, norm=True, blocks=slice(None), dropout=True, types=True, positions=True, embedding_norm=True
):
    dx = self.norm.backward(dhidden, saved.stack.norm) if self.norm and norm else dhidden
    for block, s in reversed(list(zip(self.blocks[blocks], saved.blocks[blocks], strict=True))):
        dx = block.backward(dx, s)
    dx = self.dropout.backward(dx, saved.dropout) if dropout else dx
    dx = self.embedding_norm.backward(dx, saved.embedding_norm) if embedding_norm else dx
    if self.token_types and types:
        self.token_types.backward(dx, saved.token_types)
    if positions:
        self.positions.backward(dx, saved.positions)
    self.embedding.backward(dx, saved.embedding)


@pytest.mark.parametrize("case", ["Encoder", "Encoder:pre", "Encoder:dropout"])
def test_the_breakable_encoder_is_right_until_broken(case, error_with):
    assert error_with(case, Encoder, "backward", wrong_encoder) < LIMIT


@bug("Encoder", Encoder)
def token_types_gradient_lost(self, dhidden, saved):
    wrong_encoder(self, dhidden, saved, types=False)


@bug("Encoder", Encoder, "hidden_backward")
def positions_of_the_encoder_not_learned(self, dhidden, saved):
    wrong_encoder(self, dhidden, saved, positions=False)


@bug("Encoder", Encoder)
def norm_of_the_embeddings_skipped(self, dhidden, saved):
    wrong_encoder(self, dhidden, saved, embedding_norm=False)


@bug("Encoder:dropout", Encoder)
def dropout_of_the_embeddings_forgotten(self, dhidden, saved):
    wrong_encoder(self, dhidden, saved, dropout=False)


@bug("Encoder:pre", Encoder)
def last_norm_of_the_encoder_skipped(self, dhidden, saved):
    wrong_encoder(self, dhidden, saved, norm=False)


@bug("Encoder", Encoder)
def last_block_of_the_encoder_only(self, dhidden, saved):
    wrong_encoder(self, dhidden, saved, blocks=slice(-1, None))


@bug("Encoder:sinusoidal", Embedding)
def scale_of_the_words_forgotten(self, dy, saved):
    self.weight.accumulate(layers.embedding.embedding_backward(dy, saved))


@bug("MaskedLM", MaskedLM)
def body_not_reached(self, dlogits, saved):
    self.head.backward(dlogits, saved.head)


@bug("MaskedLM", Embedding)
def tied_tables_body_gradient_lost(self, dy, saved):
    pass


@bug("MaskedLM:places", MaskedLM)
def hidden_gradient_meaned_over_the_places(self, dlogits, saved):
    dhidden = self.head.backward(dlogits, saved.head)
    self.body.hidden_backward(dhidden / len(saved.head.places), saved.body)


@bug("MaskedLM:partly-frozen", stack, "first_trainable")
@bug("SequenceClassifier:gpt-partly-frozen", stack, "first_trainable")
def stopped_one_block_too_early(blocks):
    return 1 + right_first_trainable(blocks)


@bug("MaskedLM:partly-frozen", Layer, "learns")
def one_frozen_parameter_taken_for_a_frozen_layer(self):
    return all(parameter.trainable for parameter in self.parameters())


@bug("SequenceClassifier", SequenceClassifier)
def body_of_the_classifier_not_reached(self, dlogits, saved):
    self.head.backward(dlogits, saved.head)


@bug("SequenceClassifier:gpt", SequenceClassifier)
def body_paid_twice(self, dlogits, saved):
    self.body.hidden_backward(2 * self.head.backward(dlogits, saved.head), saved.body)


@bug("SequenceClassifier:layers", Stack)
@bug("SequenceClassifier:lower-layers", Stack)
def lower_layers_that_the_head_reads_not_paid(self, dy, saved, **how):
    width = dy.shape[-1] // len(saved.layers_read)
    lost = np.zeros_like(dy)
    lost[..., -width:] = dy[..., -width:]
    return right[Stack](self, lost, saved, **how)


@bug("SequenceClassifier:layers", Stack)
@bug("SequenceClassifier:lower-layers", Stack)
def layers_paid_in_another_order(self, dy, saved, **how):
    width = dy.shape[-1] // len(saved.layers_read)
    return right[Stack](self, np.roll(dy, width, axis=-1), saved, **how)


@bug("SequenceClassifier:layers", Stack)
def last_norm_of_the_layers_skipped(self, dy, saved, **how):
    return right[Stack](self, dy, saved._replace(norm=None), **how)


@bug("QuestionAnswering", QuestionAnswering)
def body_paid_for_the_start_only(self, dscores, saved):
    dhidden = self.head.backward(dscores, saved.head)
    dend = self.head.linear.weight.data[:, 1] * dscores[:, 1, :, None]
    self.body.hidden_backward(dhidden - dend, saved.body)


# --- objectives ---------------------------------------------------------------------------------------------------------------------------


@bug("classification", encoder_cases, "loss_backward")
def upstream_gradient_of_the_labels_forgotten(model, dloss, saved):
    objectives.loss_backward(model, 1.0, saved)


@bug("classification", encoder_cases, "loss_backward")
def unlabelled_text_scored(model, dloss, saved):
    logp, places, weight, smoothing, shape = saved.loss
    loss = (logp, places, np.full_like(weight, weight.max()), smoothing, shape)
    model.backward(cross_entropy_backward(dloss, loss), saved.model)


@bug("classification:smoothing", encoder_cases, "loss_backward")
def smoothing_of_the_labels_forgotten(model, dloss, saved):
    logp, places, weight, _, shape = saved.loss
    model.backward(cross_entropy_backward(dloss, (logp, places, weight, 0.0, shape)), saved.model)


@bug("question_answering", encoder_cases, "loss_backward")
def ends_not_scored(model, dloss, saved):
    dscores = cross_entropy_backward(dloss, saved.loss)
    model.backward(dscores * np.array([1, 0])[:, None], saved.model)


@bug("question_answering", encoder_cases, "loss_backward")
def padding_takes_part(model, dloss, saved):
    logp, places, weight, smoothing, shape = saved.loss
    logp = np.where(np.isfinite(logp), logp, -1.0)
    model.backward(cross_entropy_backward(dloss, (logp, places, weight, smoothing, shape)), saved.model)


@bug("question_answering:ignored", encoder_cases, "loss_backward")
def text_without_an_answer_scored(model, dloss, saved):
    logp, places, weight, smoothing, shape = saved.loss
    loss = (logp, places, np.full_like(weight, weight.max()), smoothing, shape)
    model.backward(cross_entropy_backward(dloss, loss), saved.model)
