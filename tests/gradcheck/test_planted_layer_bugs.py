"""The check must fail on wrong gradients: plausible mistakes in layers, models and objectives, planted one at a time."""

import numpy as np
import pytest

from minillm import layers, objectives
from minillm.gradcheck import LIMIT, model_cases
from minillm.layers import (
    BilinearAttention,
    Dropout,
    Embedding,
    FeedForward,
    Layer,
    LayerNorm,
    LearnedPositions,
    Linear,
    MultiHeadAttention,
    Parameter,
    PostNormBlock,
    PreNormBlock,
    RotaryPositions,
    SinusoidalPositions,
    Stack,
    TiedLinear,
)
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models import GPT, GPTWithValue
from minillm.ops import cross_entropy_backward, relu_backward
from tests.gradcheck.planting import owners, planter

BUGS = {}
bug = planter(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


def test_every_layer_has_a_bug():
    classes = {value for value in vars(layers).values() if isinstance(value, type) and issubclass(value, Layer)}
    assert classes - {Layer} <= owners()


right_with_value = GPTWithValue.backward
right = {owner: owner.backward for _, owner in vars(layers).items() if hasattr(owner, "backward")}  # unpatched


def overwrite(parameter, grad):
    parameter.grad[...] = grad


# --- a parameter collects: += and never = -------------------------------------------------------------------------------------------------


@bug("Linear", Parameter, "accumulate")
def overwrite_for_accumulate(self, grad):
    overwrite(self, grad)


@bug("GPT:tied", Parameter, "accumulate")
def overwrite_for_accumulate_in_a_tied_model(self, grad):
    overwrite(self, grad)


@bug("Linear", Parameter, "accumulate")
def gradient_replaced(self, grad):
    self.grad = grad


@bug("Embedding", Embedding)
def embedding_overwrites(self, dy, saved):
    overwrite(self.weight, layers.embedding.embedding_backward(dy, saved))


@bug("Embedding:scaled", Embedding)
def embedding_scale_forgotten(self, dy, saved):
    self.weight.accumulate(layers.embedding.embedding_backward(dy, saved))


@bug("Embedding", Embedding)
def embedding_learns_nothing(self, dy, saved):
    pass


@bug("LayerNorm", LayerNorm)
def gain_and_shift_swapped(self, dy, saved):
    dx, dgamma, dbeta = layers.normalization.layer_norm_backward(dy, saved)
    self.gamma.accumulate(dbeta)
    self.beta.accumulate(dgamma)
    return dx


@bug("LayerNorm", LayerNorm)
def shift_not_learned(self, dy, saved):
    dx, dgamma, _ = layers.normalization.layer_norm_backward(dy, saved)
    self.gamma.accumulate(dgamma)
    return dx


@bug("Linear", Linear)
def bias_not_learned(self, dy, saved):
    dx, dweight, _ = layers.linear.linear_backward(dy, saved)
    self.weight.accumulate(dweight)
    return dx


@bug("Linear:no-bias", Linear)
def nothing_learned_without_a_bias(self, dy, saved):
    return layers.linear.linear_backward(dy, saved)[0]


@bug("TiedLinear", TiedLinear)
def tied_gradient_lost(self, dy, saved):
    return layers.linear.linear_backward(dy, saved)[0]


@bug("TiedLinear", TiedLinear)
def tied_gradient_not_transposed(self, dy, saved):
    dx, dweight, _ = layers.linear.linear_backward(dy, saved)
    self.weight.accumulate(dweight.reshape(self.weight.data.shape))
    return dx


@bug("BilinearAttention", BilinearAttention)
def form_not_learned(self, dh, saved):
    return layers.attention.bilinear_attention_backward(dh, saved)[0]


# --- positions and dropout ----------------------------------------------------------------------------------------------------------------


@bug("LearnedPositions", LearnedPositions)
def position_gradient_of_the_first_sequence_only(self, dy, saved):
    self.weight.grad[slice(*saved)] += dy[0]
    return dy


@bug("LearnedPositions", LearnedPositions)
def position_gradient_meaned_over_the_batch(self, dy, saved):
    self.weight.grad[slice(*saved)] += dy.mean(axis=0)
    return dy


@bug("LearnedPositions:later-start", LearnedPositions)
def start_forgotten(self, dy, saved):
    self.weight.grad[: dy.shape[1]] += dy.sum(axis=0)
    return dy


@bug("LearnedPositions", LearnedPositions)
def position_gradient_overwrites(self, dy, saved):
    self.weight.grad[slice(*saved)] = dy.sum(axis=0)
    return dy


@bug("SinusoidalPositions", SinusoidalPositions)
def text_gradient_stops_at_the_positions(self, dy, saved):
    return np.zeros_like(dy)


@bug("RotaryPositions", RotaryPositions)
def turned_back_as_if_from_the_beginning(self, dy, saved):
    return right[RotaryPositions](self, dy, self.forward(dy)[1])


@bug("RotaryPositions", RotaryPositions)
def gradient_stops_at_the_rotation(self, dy, saved):
    return np.zeros_like(dy)


@bug("Dropout", Dropout)
def mask_of_another_draw(self, dy, saved):
    return dy * self.mask(dy.shape, np.random.default_rng(99), dy.dtype)


@bug("Dropout", Dropout)
def mask_forgotten(self, dy, saved):
    return dy


# --- feed-forward and attention -----------------------------------------------------------------------------------------------------------


@bug("FeedForward:gelu", FeedForward)
def activation_not_undone(self, dy, saved):
    return self.expand.backward(self.contract.backward(dy, saved.contract), saved.expand)


@bug("FeedForward:gelu", FeedForward)
def slope_of_another_activation(self, dy, saved):
    da = self.contract.backward(dy, saved.contract)
    return self.expand.backward(relu_backward(da, saved.activation[0]), saved.expand)


@bug("FeedForward:relu", FeedForward)
def slope_taken_at_the_input_of_the_layer(self, dy, saved):
    da = self.contract.backward(dy, saved.contract)
    _, activate_backward = ACTIVATIONS[self.activation]
    return self.expand.backward(activate_backward(da, saved.contract[0] - 0.5), saved.expand)


def attention_gradients(self, dy, saved):
    dh = self.split(self.output.backward(dy, saved.output))
    return [self.merge(d) for d in layers.attention.attention_backward(dh, saved.core)[:3]]


@bug("MultiHeadAttention:cross", MultiHeadAttention)
def memory_paid_for_its_keys_only(self, dy, saved):
    dq, dk, dv = attention_gradients(self, dy, saved)
    dx, dmemory = self.query.backward(dq, saved.query), self.key.backward(dk, saved.key)
    self.value.backward(dv, saved.value)
    return dx, dmemory, None


@bug("MultiHeadAttention:cross", MultiHeadAttention)
def memory_paid_for_its_values_only(self, dy, saved):
    dq, dk, dv = attention_gradients(self, dy, saved)
    self.key.backward(dk, saved.key)
    return self.query.backward(dq, saved.query), self.value.backward(dv, saved.value), None


@bug("MultiHeadAttention:padding", MultiHeadAttention)
def key_and_value_gradients_swapped(self, dy, saved):
    dq, dk, dv = attention_gradients(self, dy, saved)
    dmemory = self.key.backward(dv, saved.key) + self.value.backward(dk, saved.value)
    return self.query.backward(dq, saved.query), dmemory, None


@bug("MultiHeadAttention:causal", MultiHeadAttention)
def heads_not_swapped_back(self, dy, saved):
    dh = self.split(self.output.backward(dy, saved.output))
    dq, dk, dv = (d.reshape(dy.shape) for d in layers.attention.attention_backward(dh, saved.core)[:3])
    dmemory = self.key.backward(dk, saved.key) + self.value.backward(dv, saved.value)
    return self.query.backward(dq, saved.query), dmemory, None


@bug("MultiHeadAttention:dropout", MultiHeadAttention)
def weights_after_dropout_forgotten(self, dy, saved):
    return right[MultiHeadAttention](self, dy, saved._replace(core=saved.core._replace(keep=None)))


@bug("MultiHeadAttention:cross", MultiHeadAttention)
def output_layer_skipped(self, dy, saved):
    self.output.backward(dy, saved.output)
    dh = self.split(dy)
    dq, dk, dv = (self.merge(d) for d in layers.attention.attention_backward(dh, saved.core)[:3])
    dmemory = self.key.backward(dk, saved.key) + self.value.backward(dv, saved.value)
    return self.query.backward(dq, saved.query), dmemory, None


@bug("MultiHeadAttention:rotary", MultiHeadAttention)
def keys_not_turned_back(self, dy, saved):
    cos, sin = saved.rotary_key
    none = saved.rotary_key._replace(cos=np.ones_like(cos), sin=np.zeros_like(sin))
    return right[MultiHeadAttention](self, dy, saved._replace(rotary_key=none))


@bug("MultiHeadAttention:rotary", MultiHeadAttention)
def queries_turned_back_as_if_they_stood_elsewhere(self, dy, saved):
    other = type(saved.rotary_query)(*(x[1:4] for x in saved.rotary_key))
    return right[MultiHeadAttention](self, dy, saved._replace(rotary_query=other))


@bug("MultiHeadAttention:bias", MultiHeadAttention)
def bias_gradient_of_another_scale(self, dy, saved):
    dx, dmemory, dbias = right[MultiHeadAttention](self, dy, saved)
    return dx, dmemory, dbias * self.scale


@bug("MultiHeadAttention:bias", MultiHeadAttention)
def scale_of_the_paper_in_a_layer_that_has_its_own(self, dy, saved):
    return right[MultiHeadAttention](self, dy, saved._replace(core=saved.core._replace(scale=7**-0.5)))


# --- blocks -------------------------------------------------------------------------------------------------------------------------------


def pre_norm(self, dy, saved, shortcut1=1, shortcut2=1, query=1, memory=1, drop1="drop1", drop2="drop2"):
    df = self.dropout.backward(dy, getattr(saved, drop2, None))
    dr = shortcut2 * dy + self.norm2.backward(self.ffn.backward(df, saved.ffn), saved.norm2)
    da = self.dropout.backward(dr, getattr(saved, drop1, None))
    dx, dmemory, _ = self.attention.backward(da, saved.attention)
    return shortcut1 * dr + self.norm1.backward(query * dx + memory * dmemory, saved.norm1)


def test_the_breakable_block_is_right_until_broken(error_with):
    assert error_with("PreNormBlock", PreNormBlock, "backward", pre_norm) < LIMIT


@bug("PreNormBlock", PreNormBlock)
def first_shortcut_missing(self, dy, saved):
    return pre_norm(self, dy, saved, shortcut1=0)


@bug("PreNormBlock", PreNormBlock)
def second_shortcut_missing(self, dy, saved):
    return pre_norm(self, dy, saved, shortcut2=0)


@bug("PreNormBlock:no-dropout", PreNormBlock)
def attention_read_as_query_only(self, dy, saved):
    return pre_norm(self, dy, saved, memory=0)


@bug("PreNormBlock:no-dropout", PreNormBlock)
def attention_read_as_memory_only(self, dy, saved):
    return pre_norm(self, dy, saved, query=0)


@bug("PreNormBlock", PreNormBlock)
def dropout_after_attention_forgotten(self, dy, saved):
    return pre_norm(self, dy, saved, drop1="")


@bug("PreNormBlock", PreNormBlock)
def dropout_after_feedforward_forgotten(self, dy, saved):
    return pre_norm(self, dy, saved, drop2="")


@bug("PreNormBlock", PreNormBlock)
def one_mask_for_both_dropouts(self, dy, saved):
    return pre_norm(self, dy, saved, drop1="drop2")


@bug("PreNormBlock", PreNormBlock)
def norm_skipped(self, dy, saved):
    df = self.dropout.backward(dy, saved.drop2)
    dr = dy + self.ffn.backward(df, saved.ffn)
    dx, dmemory, _ = self.attention.backward(self.dropout.backward(dr, saved.drop1), saved.attention)
    return dr + self.norm1.backward(dx + dmemory, saved.norm1)


def post_norm(self, dy, saved, shortcut1=1, shortcut2=1, query=1, memory=1, dropout1=True):
    ds = self.norm2.backward(dy, saved.norm2)
    dr = shortcut2 * ds + self.ffn.backward(self.dropout.backward(ds, saved.drop2), saved.ffn)
    ds = self.norm1.backward(dr, saved.norm1)
    da = self.dropout.backward(ds, saved.drop1) if dropout1 else ds
    dx, dmemory, _ = self.attention.backward(da, saved.attention)
    return shortcut1 * ds + query * dx + memory * dmemory


def test_the_breakable_post_norm_block_is_right_until_broken(error_with):
    assert error_with("PostNormBlock", PostNormBlock, "backward", post_norm) < LIMIT


@bug("PostNormBlock", PostNormBlock)
def post_first_shortcut_missing(self, dy, saved):
    return post_norm(self, dy, saved, shortcut1=0)


@bug("PostNormBlock", PostNormBlock)
def post_second_shortcut_missing(self, dy, saved):
    return post_norm(self, dy, saved, shortcut2=0)


@bug("PostNormBlock", PostNormBlock)
def post_attention_read_as_query_only(self, dy, saved):
    return post_norm(self, dy, saved, memory=0)


@bug("PostNormBlock", PostNormBlock)
def post_attention_read_as_memory_only(self, dy, saved):
    return post_norm(self, dy, saved, query=0)


@bug("PostNormBlock", PostNormBlock)
def post_dropout_forgotten(self, dy, saved):
    return post_norm(self, dy, saved, dropout1=False)


@bug("PostNormBlock:no-dropout", PostNormBlock)
def undone_in_the_order_of_pre_norm(self, dy, saved):
    return pre_norm(self, dy, saved)


# --- models and objectives ----------------------------------------------------------------------------------------------------------------


def stack_backward(self, dy, saved, norm=True, blocks=slice(None), order=-1):
    dx = self.norm.backward(dy, saved.norm) if self.norm and norm else dy
    for block, s in list(zip(self.blocks[blocks], saved.blocks[blocks], strict=True))[::order]:
        dx = block.backward(dx, s)
    return dx


def model_backward(self, dhidden, saved, dropout=True, positions=True, **stack):
    dx = stack_backward(self.stack, dhidden, saved.stack, **stack)
    dx = self.dropout.backward(dx, saved.dropout) if dropout else dx
    dx = self.positions.backward(dx, saved.positions) if positions else dx
    self.embedding.backward(dx, saved.embedding)


def test_the_breakable_model_is_right_until_broken(error_with):
    assert error_with("Stack", Stack, "backward", stack_backward) < LIMIT
    assert error_with("GPT:dropout", GPT, "hidden_backward", model_backward) < LIMIT


@bug("Stack", Stack)
def last_norm_of_the_stack_skipped(self, dy, saved):
    return stack_backward(self, dy, saved, norm=False)


@bug("Stack:no-norm", Stack)
def blocks_of_the_stack_not_reversed(self, dy, saved):
    return stack_backward(self, dy, saved, order=1)


@bug("GPT:tied", GPT, "hidden_backward")
def last_norm_skipped(self, dhidden, saved):
    model_backward(self, dhidden, saved, norm=False)


@bug("GPT:untied", GPT, "hidden_backward")
def last_block_only(self, dhidden, saved):
    model_backward(self, dhidden, saved, blocks=slice(-1, None))


@bug("GPT:post", GPT, "hidden_backward")
def blocks_not_reversed(self, dhidden, saved):
    model_backward(self, dhidden, saved, order=1)


@bug("GPT:dropout", GPT, "hidden_backward")
def dropout_on_the_embedding_forgotten(self, dhidden, saved):
    model_backward(self, dhidden, saved, dropout=False)


@bug("GPT:tied", GPT, "hidden_backward")
def positions_not_learned(self, dhidden, saved):
    model_backward(self, dhidden, saved, positions=False)


@bug("GPT:tied", TiedLinear)
def tied_head_lost(self, dy, saved):
    return layers.linear.linear_backward(dy, saved)[0]


@bug("GPT:tied", Embedding)
def tied_embedding_lost(self, dy, saved):
    pass


@bug("GPT:tied", Embedding)
def tied_embedding_overwrites_the_head(self, dy, saved):
    overwrite(self.weight, layers.embedding.embedding_backward(dy, saved))


@bug("GPTWithValue", GPTWithValue)
def values_teach_the_head_alone(self, dlogits, dvalues, saved):
    self.value.backward(dvalues[..., None], saved.value)
    self.body.backward(dlogits, saved.body)


@bug("GPTWithValue", GPTWithValue)
def values_moved_on_by_one(self, dlogits, dvalues, saved):
    right_with_value(self, dlogits, np.roll(dvalues, 1, axis=1), saved)


@bug("GPTWithValue", GPTWithValue)
def value_head_not_learned(self, dlogits, dvalues, saved):
    kept = self.value.weight.grad.copy()
    right_with_value(self, dlogits, dvalues, saved)
    self.value.weight.grad[...] = kept


@bug("causal_lm", model_cases, "loss_backward")
def upstream_gradient_forgotten(model, dloss, saved):
    objectives.loss_backward(model, 1.0, saved)


@bug("causal_lm", model_cases, "loss_backward")
def ignored_targets_scored(model, dloss, saved):
    logp, places, weight, smoothing, shape = saved.loss
    loss = (logp, places, np.full_like(weight, weight.max()), smoothing, shape)
    model.backward(cross_entropy_backward(dloss, loss), saved.model)


@bug("causal_lm:smoothing", model_cases, "loss_backward")
def smoothing_forgotten(model, dloss, saved):
    logp, places, weight, _, shape = saved.loss
    model.backward(cross_entropy_backward(dloss, (logp, places, weight, 0.0, shape)), saved.model)
