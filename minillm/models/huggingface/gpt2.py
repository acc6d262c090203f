"""GPT-2. Its matrices are stored as ours are, (in, out), and those of query, key and value as one."""

from collections.abc import Iterator

from minillm.models.gpt import GPT
from minillm.models.gpt_config import GPTConfig
from minillm.models.huggingface.fields import Fields, check_expressible, their_activation
from minillm.models.huggingface.tensors import OTHER_HEADS, Architecture, Tensor, layer_norm, linear

MASKS = r"(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)"  # the causal mask


def read(fields: Fields) -> GPTConfig:
    """Of their three dropout rates, which count in training only, ours is that of the residual stream."""
    fields.require(scale_attn_weights=True, scale_attn_by_inverse_layer_idx=False, add_cross_attention=False)
    d_model = fields.take("n_embd", 768)
    return GPTConfig(
        vocab_size=fields.take("vocab_size", 50257),
        context=fields.take("n_positions", 1024),
        layers=fields.take("n_layer", 12),
        heads=fields.take("n_head", 12),
        d_model=d_model,
        d_ff=fields.take("n_inner", 4 * d_model),
        dropout=fields.take("resid_pdrop", 0.1),
        activation=fields.activation("activation_function", "gelu_new"),
        tie_head=fields.take("tie_word_embeddings", True),
        eps=fields.take("layer_norm_epsilon", 1e-5),
    )


def write(config: GPTConfig) -> dict:
    check_expressible(config, "GPT-2", norm="pre", positions="learned", bias=True, ngram=1, gated=False, window=0)
    check_expressible(config, "GPT-2", kv_heads=config.heads, d_kv=config.d_model // config.heads)
    return {
        "vocab_size": config.vocab_size,
        "n_positions": config.context,
        "n_layer": config.layers,
        "n_head": config.heads,
        "n_embd": config.d_model,
        "n_inner": config.d_ff,
        "resid_pdrop": config.dropout,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "activation_function": their_activation(config.activation),
        "layer_norm_epsilon": config.eps,
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "add_cross_attention": False,
        "tie_word_embeddings": config.tie_head,
    }


def tensors(config: GPTConfig) -> Iterator[Tensor]:
    d, f, v = config.d_model, config.d_ff, config.vocab_size
    copies = ("lm_head.weight",) if config.tie_head else ()
    yield Tensor("transformer.wte.weight", (v, d), ("embedding.weight",), copies=copies)
    yield Tensor("transformer.wpe.weight", (config.context, d), ("positions.weight",))
    for i in range(config.layers):
        theirs, ours = f"transformer.h.{i}", f"blocks.{i}"
        heads = [f"{ours}.attention.{part}" for part in ("query", "key", "value")]
        yield from layer_norm(f"{theirs}.ln_1", f"{ours}.norm1", d)
        yield from conv1d(f"{theirs}.attn.c_attn", heads, d, 3 * d)
        yield from conv1d(f"{theirs}.attn.c_proj", [f"{ours}.attention.output"], d, d)
        yield from layer_norm(f"{theirs}.ln_2", f"{ours}.norm2", d)
        yield from conv1d(f"{theirs}.mlp.c_fc", [f"{ours}.ffn.expand"], d, f)
        yield from conv1d(f"{theirs}.mlp.c_proj", [f"{ours}.ffn.contract"], f, d)
    yield from layer_norm("transformer.ln_f", "norm", d)
    if not config.tie_head:
        yield from linear("lm_head", "head", d, v, bias=False)


def conv1d(theirs: str, ours: list[str], d_in: int, d_out: int) -> Iterator[Tensor]:
    """Their Conv1D is a linear layer with its matrix stored (in, out); here one of theirs may be several of ours."""
    yield Tensor(f"{theirs}.weight", (d_in, d_out), tuple(f"{name}.weight" for name in ours))
    yield Tensor(f"{theirs}.bias", (d_out,), tuple(f"{name}.bias" for name in ours))


GPT2 = Architecture(
    name="GPT2LMHeadModel",
    model_type="gpt2",
    model=GPT,
    read=read,
    write=write,
    tensors=tensors,
    prefix="transformer.",
    ignored=f"{MASKS}|{OTHER_HEADS}",
)
