"""The check must fail on wrong gradients: plausible mistakes in the layers of encoder-decoders, planted one at a time."""

import numpy as np
import pytest

from minillm.gradcheck import LIMIT
from minillm.layers import (
    FeedForward,
    GatedFeedForward,
    PostNormBlock,
    PostNormDecoderBlock,
    PreNormBlock,
    PreNormDecoderBlock,
    RelativePositionBias,
    RMSNorm,
    Stack,
    TiedLinear,
)
from minillm.layers.feedforward import ACTIVATIONS
from minillm.ops import linear_backward, relative_bias_backward, rms_norm_backward
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


right = {c: c.backward for c in (FeedForward, PostNormBlock, RMSNorm, RelativePositionBias, TiedLinear)}


# --- norms, heads and feed-forward layers -------------------------------------------------------------------------------------------------


@bug("RMSNorm", RMSNorm)
def gain_not_learned(self, dy, saved):
    return rms_norm_backward(dy, saved)[0]


@bug("RMSNorm", RMSNorm)
def gain_overwritten(self, dy, saved):
    dx, self.gamma.grad[...] = rms_norm_backward(dy, saved)
    return dx


@bug("TiedLinear:scaled", TiedLinear)
def scale_of_the_head_forgotten(self, dy, saved):
    return right[TiedLinear](self, dy, saved) / self.scale


@bug("TiedLinear:scaled", TiedLinear)
def scale_of_the_head_taken_twice(self, dy, saved):
    dx, dweight, _ = linear_backward(self.scale * dy, saved)
    self.weight.accumulate(dweight.T)
    return dx


@bug("FeedForward:dropout", FeedForward)
def dropout_of_the_units_forgotten(self, dy, saved):
    return right[FeedForward](self, dy, saved._replace(dropout=None))


@bug("FeedForward:dropout", FeedForward)
def dropout_at_the_other_end(self, dy, saved):
    _, activate_backward = ACTIVATIONS[self.activation]
    da = self.contract.backward(dy, saved.contract)
    dx = self.expand.backward(activate_backward(da, saved.activation), saved.expand)
    return dx * saved.dropout[..., : dx.shape[-1]]


@bug("PostNormBlock:ffn-dropout", PostNormBlock)
def dropout_of_the_units_forgotten_in_a_block(self, dy, saved):
    ds = self.norm2.backward(dy, saved.norm2)
    df = self.dropout.backward(ds, saved.drop2)
    ds = self.norm1.backward(ds + self.ffn.backward(df, saved.ffn._replace(dropout=None)), saved.norm1)
    dx, dmemory, _ = self.attention.backward(self.dropout.backward(ds, saved.drop1), saved.attention)
    return ds + dx + dmemory


def wrong_gated(self, dy, saved, swapped=False, activation=True, gate=1, units=1, dropout=True):
    _, activate_backward = ACTIVATIONS[self.activation]
    factors = saved.activated, saved.expanded
    a, v = factors[::-1] if swapped else factors
    dh = self.contract.backward(dy, saved.contract)
    dh = self.dropout.backward(dh, saved.dropout) if dropout else dh
    dg = activate_backward(dh * v, saved.activation) if activation else dh * v
    return units * self.expand.backward(dh * a, saved.expand) + gate * self.gate.backward(dg, saved.gate)


def test_the_breakable_gate_is_right_until_broken(error_with):
    assert error_with("GatedFeedForward:dropout", GatedFeedForward, "backward", wrong_gated) < LIMIT


@bug("GatedFeedForward", GatedFeedForward)
def gate_and_units_swapped(self, dy, saved):
    return wrong_gated(self, dy, saved, swapped=True)


@bug("GatedFeedForward", GatedFeedForward)
def gate_not_unbent(self, dy, saved):
    return wrong_gated(self, dy, saved, activation=False)


@bug("GatedFeedForward", GatedFeedForward)
def gate_taken_for_constant(self, dy, saved):
    return wrong_gated(self, dy, saved, gate=0)


@bug("GatedFeedForward", GatedFeedForward)
def x_paid_by_its_gate_only(self, dy, saved):
    return wrong_gated(self, dy, saved, units=0)


@bug("GatedFeedForward:dropout", GatedFeedForward)
def dropout_of_the_gated_units_forgotten(self, dy, saved):
    return wrong_gated(self, dy, saved, dropout=False)


# --- relative positions -------------------------------------------------------------------------------------------------------------------


@bug("RelativePositionBias", RelativePositionBias)
def bucket_shifted(self, dbias, saved):
    buckets, shape = saved
    self.weight.accumulate(relative_bias_backward(dbias, ((buckets + 1) % shape[0], shape)))


@bug("RelativePositionBias", RelativePositionBias)
def read_as_if_looking_backward_only(self, dbias, saved):
    buckets, shape = saved
    after = np.arange(len(buckets)) > dbias.shape[2] - 1
    self.weight.accumulate(relative_bias_backward(dbias, (np.where(after, 0, buckets), shape)))


@bug("RelativePositionBias", RelativePositionBias)
def table_overwritten(self, dbias, saved):
    self.weight.grad[...] = relative_bias_backward(dbias, saved)


@bug("RelativePositionBias:backward-only", RelativePositionBias)
def queries_counted_from_the_first_key(self, dbias, saved):
    buckets, shape = saved
    self.weight.accumulate(relative_bias_backward(dbias, (np.roll(buckets, 4), shape)))


@bug("RelativePositionBias:backward-only", RelativePositionBias)
def bias_not_learned(self, dbias, saved):
    pass


# --- decoder blocks -----------------------------------------------------------------------------------------------------------------------


def drops(saved, but=""):
    return {name: None if name == but else getattr(saved, name) for name in ("drop1", "drop2", "drop3")}


def wrong_pre(self, dy, saved, shortcuts=(1, 1, 1), own_keys=1, crossed=1, memory=1, drop="", norm2=True, bias=1):
    """The backward of a pre-norm decoder block, T5's too, with what each line passes on to be set."""
    drop = drops(saved, drop)
    df = self.dropout.backward(dy, drop["drop3"])
    ds = shortcuts[2] * dy + self.norm3.backward(self.ffn.backward(df, saved.ffn), saved.norm3)
    dn, dmemory, _ = self.cross_attention.backward(self.dropout.backward(ds, drop["drop2"]), saved.cross_attention)
    dr = shortcuts[1] * ds + crossed * (self.norm2.backward(dn, saved.norm2) if norm2 else dn)
    dn, dn_memory, dbias = self.attention.backward(self.dropout.backward(dr, drop["drop1"]), saved.attention)
    dx = shortcuts[0] * dr + self.norm1.backward(dn + own_keys * dn_memory, saved.norm1)
    return (dx, memory * dmemory) if dbias is None else (dx, memory * dmemory, bias * dbias)


def wrong_post(self, dy, saved, shortcuts=(1, 1, 1), own_keys=1, crossed=1, memory=1, drop="", bias=1):
    drop = drops(saved, drop)
    dsum = self.norm3.backward(dy, saved.norm3)
    ds = shortcuts[2] * dsum + self.ffn.backward(self.dropout.backward(dsum, drop["drop3"]), saved.ffn)
    dsum = self.norm2.backward(ds, saved.norm2)
    dr, dmemory, _ = self.cross_attention.backward(self.dropout.backward(dsum, drop["drop2"]), saved.cross_attention)
    dsum = self.norm1.backward(shortcuts[1] * dsum + crossed * dr, saved.norm1)
    dx, dx_memory, dbias = self.attention.backward(self.dropout.backward(dsum, drop["drop1"]), saved.attention)
    dx = shortcuts[0] * dsum + dx + own_keys * dx_memory
    return (dx, memory * dmemory) if dbias is None else (dx, memory * dmemory, bias * dbias)


def test_the_breakable_decoder_blocks_are_right_until_broken(error_with):
    assert error_with("PreNormDecoderBlock:dropout", PreNormDecoderBlock, "backward", wrong_pre) < LIMIT
    assert error_with("PostNormDecoderBlock:dropout", PostNormDecoderBlock, "backward", wrong_post) < LIMIT
    assert error_with("PreNormDecoderBlock:t5-dropout", PreNormDecoderBlock, "backward", wrong_pre) < LIMIT
    assert error_with("PostNormDecoderBlock:bias", PostNormDecoderBlock, "backward", wrong_post) < LIMIT


MISTAKES = {
    "first_shortcut_missing": {"shortcuts": (0, 1, 1)},
    "second_shortcut_missing": {"shortcuts": (1, 0, 1)},
    "third_shortcut_missing": {"shortcuts": (1, 1, 0)},
    "attention_read_as_query_only": {"own_keys": 0},
    "cross_attention_taken_for_constant": {"crossed": 0},
    "memory_not_paid": {"memory": 0},
    "dropout_after_attention_forgotten": {"drop": "drop1"},
    "dropout_after_cross_attention_forgotten": {"drop": "drop2"},
    "dropout_after_feedforward_forgotten": {"drop": "drop3"},
}
for block, wrong, case, with_dropout in (
    (PreNormDecoderBlock, wrong_pre, "PreNormDecoderBlock", "PreNormDecoderBlock:dropout"),
    (PostNormDecoderBlock, wrong_post, "PostNormDecoderBlock", "PostNormDecoderBlock:dropout"),
    (PreNormDecoderBlock, wrong_pre, "PreNormDecoderBlock:t5", "PreNormDecoderBlock:t5-dropout"),
):
    for mistake, settings in MISTAKES.items():
        at = with_dropout if "drop" in settings else case

        def plant(self, dy, saved, wrong=wrong, settings=settings):
            return wrong(self, dy, saved, **settings)

        BUGS[f"{at}-{mistake}"] = (at, block, "backward", plant)


@bug("PreNormDecoderBlock", PreNormDecoderBlock)
def norm_before_cross_attention_skipped(self, dy, saved):
    return wrong_pre(self, dy, saved, norm2=False)


@bug("PreNormDecoderBlock", PreNormDecoderBlock)
def memory_padding_paid_too(self, dy, saved):
    dx, dmemory = wrong_pre(self, dy, saved)
    return dx, dmemory + dmemory.mean(axis=1, keepdims=True)


@bug("PostNormDecoderBlock", PostNormDecoderBlock)
def undone_in_the_order_of_pre_norm(self, dy, saved):
    return wrong_pre(self, dy, saved)


@bug("PreNormDecoderBlock:t5", PreNormDecoderBlock)
def scores_of_the_decoder_scaled_after_all(self, dy, saved):
    return wrong_pre(self, dy, saved, bias=5**-0.5)


@bug("PostNormDecoderBlock:bias", PostNormDecoderBlock)
def bias_of_the_decoder_paid_twice(self, dy, saved):
    return wrong_post(self, dy, saved, bias=2)


def wrong_with_bias(self, dy, saved, shortcut=1, own_keys=1, bias=lambda dbias: dbias, drop1=True):
    dr = dy + self.norm2.backward(self.ffn.backward(self.dropout.backward(dy, saved.drop2), saved.ffn), saved.norm2)
    da = self.dropout.backward(dr, saved.drop1) if drop1 else dr
    dn, dn_memory, dbias = self.attention.backward(da, saved.attention)
    return shortcut * dr + self.norm1.backward(dn + own_keys * dn_memory, saved.norm1), bias(dbias)


def test_the_breakable_block_with_a_bias_is_right_until_broken(error_with):
    assert error_with("PreNormBlock:t5-dropout", PreNormBlock, "backward", wrong_with_bias) < LIMIT


@bug("PreNormBlock:t5", PreNormBlock)
def shortcut_of_the_encoder_missing(self, dy, saved):
    return wrong_with_bias(self, dy, saved, shortcut=0)


@bug("PreNormBlock:t5", PreNormBlock)
def keys_of_the_encoder_not_paid(self, dy, saved):
    return wrong_with_bias(self, dy, saved, own_keys=0)


@bug("PreNormBlock:t5", PreNormBlock)
def bias_meaned_over_the_batch(self, dy, saved):
    return wrong_with_bias(self, dy, saved, bias=lambda dbias: dbias / len(dy))


@bug("PreNormBlock:t5", PreNormBlock)
def bias_transposed(self, dy, saved):
    return wrong_with_bias(self, dy, saved, bias=lambda dbias: dbias.swapaxes(-1, -2))


@bug("PreNormBlock:t5-dropout", PreNormBlock)
def dropout_of_the_encoder_forgotten(self, dy, saved):
    return wrong_with_bias(self, dy, saved, drop1=False)


@bug("PostNormBlock:bias", PostNormBlock)
def bias_taken_for_the_mean_of_the_heads(self, dy, saved):
    dx, dbias = right[PostNormBlock](self, dy, saved)
    return dx, dbias.mean(axis=1, keepdims=True) + 0 * dbias


# --- the stack ----------------------------------------------------------------------------------------------------------------------------


def shared_by(self, dy, saved, memory=sum, bias=sum):
    """The backward of a stack of decoder blocks, whose gradients for what they share are put together by these."""
    dx, dmemory, dbias = self.norm.backward(dy, saved.norm), [], []
    for block, s in reversed(list(zip(self.blocks, saved.blocks, strict=True))):
        dx, m, b = block.backward(dx, s)
        dmemory.append(m)
        dbias.append(b)
    return dx, memory(dmemory), bias(dbias)


def test_the_breakable_stack_is_right_until_broken(error_with):
    assert error_with("Stack:decoder", Stack, "backward", shared_by) < LIMIT


@bug("Stack:decoder", Stack)
def memory_gradient_of_the_top_block_only(self, dy, saved):
    return shared_by(self, dy, saved, memory=lambda dmemory: dmemory[0])


@bug("Stack:decoder", Stack)
def bias_gradient_of_the_lowest_block_only(self, dy, saved):
    return shared_by(self, dy, saved, bias=lambda dbias: dbias[-1])
