"""T5, versions 1.0 and 1.1. It has no bias but that of relative positions, which stands with the first block of each half."""

from collections.abc import Iterator

from minillm.models.huggingface.fields import ACTIVATIONS, Fields, check_expressible, their_activation, unsupported
from minillm.models.huggingface.tensors import OTHER_HEADS, Architecture, Tensor, linear, rms_norm
from minillm.models.t5 import T5
from minillm.models.t5_config import T5Config

GATED = "gated-"
# a table that the first versions had, and did not use
UNUSED = r"decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight"


def read(fields: Fields) -> T5Config:
    """A T5 whose head is scaled shares it with the table of words. transformers 5 says which by `scale_decoder_outputs`: there
    `tie_word_embeddings`, which said so before, is always true, and a head of its own is recognised by its being in the file.
    """
    pad_id, layers = fields.take("pad_token_id", 0), fields.take("num_layers", 6)
    fields.require(decoder_start_token_id=pad_id, is_encoder_decoder=True)
    activation, gated = read_feedforward(fields.take("feed_forward_proj", "relu"))
    tied = fields.take("tie_word_embeddings", True)
    return T5Config(
        vocab_size=fields.take("vocab_size", 32128),
        layers=layers,
        decoder_layers=fields.take("num_decoder_layers", layers),
        heads=fields.take("num_heads", 8),
        d_model=fields.take("d_model", 512),
        d_kv=fields.take("d_kv", 64),
        d_ff=fields.take("d_ff", 2048),
        buckets=fields.take("relative_attention_num_buckets", 32),
        max_distance=fields.take("relative_attention_max_distance", 128),
        dropout=fields.take("dropout_rate", 0.1),
        activation=activation,
        gated=gated,
        tie_head=fields.take("scale_decoder_outputs", tied),
        pad_id=pad_id,
        eps=fields.take("layer_norm_epsilon", 1e-6),
    )


def read_feedforward(name: str) -> tuple[str, bool]:
    """`feed_forward_proj` -> our activation, and whether there is a gate. With a gate, their "gelu" means GPT-2's."""
    gated = name.startswith(GATED)
    activation = name.removeprefix(GATED)
    if name == "gated-gelu":
        activation = "gelu_new"
    if activation not in ACTIVATIONS:
        raise unsupported("feed_forward_proj", name, "relu", "gated-gelu")
    return ACTIVATIONS[activation], gated


def write(config: T5Config) -> dict:
    if config.gated:
        check_expressible(config, "T5 with gates", activation="gelu")
    return {
        "vocab_size": config.vocab_size,
        "num_layers": config.layers,
        "num_decoder_layers": config.decoder_layers,
        "num_heads": config.heads,
        "d_model": config.d_model,
        "d_kv": config.d_kv,
        "d_ff": config.d_ff,
        "relative_attention_num_buckets": config.buckets,
        "relative_attention_max_distance": config.max_distance,
        "dropout_rate": config.dropout,
        "feed_forward_proj": "gated-gelu" if config.gated else their_activation(config.activation),
        "tie_word_embeddings": config.tie_head,
        "scale_decoder_outputs": config.tie_head,
        "pad_token_id": config.pad_id,
        "decoder_start_token_id": config.pad_id,
        "layer_norm_epsilon": config.eps,
        "is_encoder_decoder": True,
    }


def tensors(config: T5Config) -> Iterator[Tensor]:
    v, d = config.vocab_size, config.d_model
    copies = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
    if config.tie_head:
        copies.append("lm_head.weight")
    yield Tensor("shared.weight", (v, d), ("embedding.weight",), copies=tuple(copies))
    for half, layers in (("encoder", config.layers), ("decoder", config.decoder_layers)):
        table = f"{half}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        yield Tensor(table, (config.buckets, config.heads), (f"{half}_bias.weight",))
        for i in range(layers):
            theirs, ours = f"{half}.block.{i}.layer", f"{half}.{i}"
            yield from attention(f"{theirs}.0.SelfAttention", f"{ours}.attention", config)
            yield rms_norm(f"{theirs}.0.layer_norm", f"{ours}.norm1", d)
            last = 1
            if half == "decoder":
                yield from attention(f"{theirs}.1.EncDecAttention", f"{ours}.cross_attention", config)
                yield rms_norm(f"{theirs}.1.layer_norm", f"{ours}.norm2", d)
                last = 2
            yield from feedforward(f"{theirs}.{last}.DenseReluDense", f"{ours}.ffn", config)
            yield rms_norm(f"{theirs}.{last}.layer_norm", f"{ours}.norm{last + 1}", d)
        yield rms_norm(f"{half}.final_layer_norm", f"{half}_norm", d)
    if not config.tie_head:
        yield Tensor("lm_head.weight", (v, d), ("head.weight",), transposed=True, stand_in="shared.weight")


def attention(theirs: str, ours: str, config: T5Config) -> Iterator[Tensor]:
    d, inner = config.d_model, config.heads * config.d_kv
    for letter, name in (("q", "query"), ("k", "key"), ("v", "value")):
        yield from linear(f"{theirs}.{letter}", f"{ours}.{name}", d, inner, bias=False)
    yield from linear(f"{theirs}.o", f"{ours}.output", inner, d, bias=False)


def feedforward(theirs: str, ours: str, config: T5Config) -> Iterator[Tensor]:
    names = {"wi_0": "gate", "wi_1": "expand"} if config.gated else {"wi": "expand"}
    for their_name, our_name in names.items():
        yield from linear(f"{theirs}.{their_name}", f"{ours}.{our_name}", config.d_model, config.d_ff, bias=False)
    yield from linear(f"{theirs}.wo", f"{ours}.contract", config.d_ff, config.d_model, bias=False)


TEXT_TO_TEXT = Architecture(
    name="T5ForConditionalGeneration",
    model_type="t5",
    model=T5,
    read=read,
    write=write,
    tensors=tensors,
    ignored=f"{UNUSED}|{OTHER_HEADS}",
)
