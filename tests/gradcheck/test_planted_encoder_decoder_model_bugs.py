"""The check must fail on wrong gradients: plausible mistakes in the Transformer and the T5 as wholes, planted one at a time."""

import pytest

from minillm.gradcheck import LIMIT
from minillm.layers import Embedding, RelativePositionBias, TiedLinear, stack
from minillm.models import T5, EncoderDecoder, Transformer
from minillm.ops import embedding_backward, linear_backward, relative_bias_backward
from tests.gradcheck.planting import owners, planter

BUGS = {}
bug = planter(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


def test_every_model_has_a_bug():
    assert {EncoderDecoder, Transformer, T5} <= owners()


def add(gradients, of=slice(None)):
    """The sum of what the blocks, the last one first, owe to what they share."""
    return sum(gradients[of])


def wrong_decode(self, dhidden, saved, memory=add, norm=True, dropout=True, embedding=True):
    """The backward of a Transformer's decoder."""
    dx, dread = self.decoder_norm.backward(dhidden, saved.stack.norm) if norm else dhidden, []
    for block, s in reversed(list(zip(self.decoder, saved.blocks, strict=True))):
        dx, d = block.backward(dx, s)
        dread.append(d)
    dx = self.dropout.backward(dx, saved.dropout) if dropout else dx
    if embedding:
        self.target_embedding.backward(dx, saved.embedding)
    return memory(dread)


def wrong_encode(self, dmemory, saved, norm=True, dropout=True, blocks=slice(None), embedding=True):
    dx = self.encoder_norm.backward(dmemory, saved.stack.norm) if norm else dmemory
    for block, s in reversed(list(zip(self.encoder[blocks], saved.blocks[blocks], strict=True))):
        dx = block.backward(dx, s)
    dx = self.dropout.backward(dx, saved.dropout) if dropout else dx
    if embedding:
        self.source_embedding.backward(dx, saved.embedding)


@pytest.mark.parametrize("case", ["Transformer:three-way-tied", "Transformer:three-tables"])
def test_the_breakable_transformer_is_right_until_broken(case, error_with):
    assert error_with(case, Transformer, "decode_backward", wrong_decode) < LIMIT
    assert error_with(case, Transformer, "encode_backward", wrong_encode) < LIMIT


@bug("Transformer:three-way-tied", Transformer, "decode_backward")
def memory_gradient_of_the_last_block_only(self, dhidden, saved):
    return wrong_decode(self, dhidden, saved, memory=lambda dread: add(dread, slice(0, 1)))


@bug("Transformer:three-way-tied", Transformer, "decode_backward")
def memory_gradient_of_the_first_block_only(self, dhidden, saved):
    return wrong_decode(self, dhidden, saved, memory=lambda dread: add(dread, slice(-1, None)))


@bug("Transformer:three-way-tied", Transformer, "decode_backward")
def memory_gradient_meaned_over_the_blocks(self, dhidden, saved):
    return wrong_decode(self, dhidden, saved, memory=lambda dread: add(dread) / len(dread))


@bug("Transformer:long-target", Transformer, "decode_backward")
def table_not_paid_for_the_target(self, dhidden, saved):
    return wrong_decode(self, dhidden, saved, embedding=False)


@bug("Transformer:long-target", Transformer, "encode_backward")
def table_not_paid_for_the_source(self, dmemory, saved):
    wrong_encode(self, dmemory, saved, embedding=False)


@bug("Transformer:long-target", TiedLinear)
def table_not_paid_for_the_head(self, dy, saved):
    return linear_backward(dy, saved)[0]


@bug("Transformer:long-target", Embedding)
def the_last_payer_of_the_table_overwrites(self, dy, saved):
    self.weight.grad[...] = self.scale * embedding_backward(dy, saved)


@bug("Transformer", Transformer, "decode_backward")
def norm_of_the_decoder_skipped(self, dhidden, saved):
    return wrong_decode(self, dhidden, saved, norm=False)


@bug("Transformer", Transformer, "encode_backward")
def norm_of_the_encoder_skipped(self, dmemory, saved):
    wrong_encode(self, dmemory, saved, norm=False)


@bug("Transformer:long-target", EncoderDecoder)
def encoder_not_reached(self, dlogits, saved):
    self.decode_backward(self.head.backward(dlogits, saved.head), saved.decoder)


@bug("Transformer:three-way-tied", Transformer, "encode_backward")
def last_block_of_the_encoder_only(self, dmemory, saved):
    wrong_encode(self, dmemory, saved, blocks=slice(-1, None))


@bug("Transformer:three-tables", Transformer, "decode_backward")
def dropout_of_the_target_forgotten(self, dhidden, saved):
    return wrong_decode(self, dhidden, saved, dropout=False)


@bug("Transformer:three-tables", Transformer, "encode_backward")
def dropout_of_the_source_forgotten(self, dmemory, saved):
    wrong_encode(self, dmemory, saved, dropout=False)


@bug("Transformer:frozen-encoder", stack, "first_trainable")
@bug("T5:frozen-encoder", stack, "first_trainable")
def stopped_one_block_too_early(blocks):
    return 2


@bug("Transformer:frozen-decoder", Transformer, "encoder_learns")
def frozen_decoder_taken_for_a_frozen_model(self):
    return False


def wrong_t5_decode(self, dhidden, saved, memory=add, bias=add, drop1=True, drop2=True):
    dx = self.decoder_norm.backward(
        self.dropout.backward(dhidden, saved.last_dropout) if drop2 else dhidden, saved.stack.norm
    )
    dread, dshared = [], []
    for block, s in reversed(list(zip(self.decoder, saved.blocks, strict=True))):
        dx, d, e = block.backward(dx, s)
        dread.append(d)
        dshared.append(e)
    self.decoder_bias.backward(bias(dshared), saved.bias)
    self.embedding.backward(self.dropout.backward(dx, saved.dropout) if drop1 else dx, saved.embedding)
    return memory(dread)


def wrong_t5_encode(self, dmemory, saved, bias=add, drop1=True, drop2=True):
    dx = self.encoder_norm.backward(
        self.dropout.backward(dmemory, saved.last_dropout) if drop2 else dmemory, saved.stack.norm
    )
    dshared = []
    for block, s in reversed(list(zip(self.encoder, saved.blocks, strict=True))):
        dx, e = block.backward(dx, s)
        dshared.append(e)
    self.encoder_bias.backward(bias(dshared), saved.bias)
    self.embedding.backward(self.dropout.backward(dx, saved.dropout) if drop1 else dx, saved.embedding)


def test_the_breakable_t5_is_right_until_broken(error_with):
    assert error_with("T5:v1.1", T5, "decode_backward", wrong_t5_decode) < LIMIT
    assert error_with("T5:v1.1", T5, "encode_backward", wrong_t5_encode) < LIMIT


@bug("T5", T5, "decode_backward")
def memory_gradient_of_the_last_t5_block_only(self, dhidden, saved):
    return wrong_t5_decode(self, dhidden, saved, memory=lambda dread: add(dread, slice(0, 1)))


@bug("T5", T5, "decode_backward")
def bias_gradient_of_the_first_block_only(self, dhidden, saved):
    return wrong_t5_decode(self, dhidden, saved, bias=lambda dshared: add(dshared, slice(-1, None)))


@bug("T5", T5, "encode_backward")
def bias_gradient_of_the_last_block_only(self, dmemory, saved):
    wrong_t5_encode(self, dmemory, saved, bias=lambda dshared: add(dshared, slice(0, 1)))


@bug("T5:v1.1", T5, "decode_backward")
def last_dropout_of_the_decoder_forgotten(self, dhidden, saved):
    return wrong_t5_decode(self, dhidden, saved, drop2=False)


@bug("T5:v1.1", T5, "decode_backward")
def first_dropout_of_the_decoder_forgotten(self, dhidden, saved):
    return wrong_t5_decode(self, dhidden, saved, drop1=False)


@bug("T5:v1.1", T5, "encode_backward")
def last_dropout_of_the_encoder_forgotten(self, dmemory, saved):
    wrong_t5_encode(self, dmemory, saved, drop2=False)


@bug("T5:v1.1", T5, "encode_backward")
def first_dropout_of_the_encoder_forgotten(self, dmemory, saved):
    wrong_t5_encode(self, dmemory, saved, drop1=False)


@bug("T5:long-target", RelativePositionBias)
def one_half_taken_for_the_other(self, dbias, saved):
    buckets, shape = saved
    self.weight.accumulate(relative_bias_backward(dbias, (buckets[::-1], shape)))


@bug("T5:long-target", TiedLinear)
def scale_of_the_head_forgotten_in_a_t5(self, dy, saved):
    dx, dweight, _ = linear_backward(dy, saved)
    self.weight.accumulate(dweight.T)
    return dx
