"""Llama (1 to 3), Mistral and Qwen2: decoders with rotary positions, RMSNorm and SwiGLU. Mistral has a window, Qwen2 has biases.

Touvron et al. 2023, section 2.2; Jiang et al. 2023; Yang et al. 2024.
"""

from collections.abc import Iterator
from typing import Any

from minillm.models.gpt import GPT
from minillm.models.gpt_config import GPTConfig
from minillm.models.huggingface.fields import Fields, check_expressible, unsupported
from minillm.models.huggingface.tensors import OTHER_HEADS, Architecture, Tensor, linear, rms_norm

FREQUENCIES = r"model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq"  # old files keep what follows from the config


def read_llama(fields: Fields) -> GPTConfig:
    bias = fields.take("attention_bias", False)
    fields.require(mlp_bias=bias)
    return read(fields, d_ff=11008, context=2048, bias=bias)


def read_mistral(fields: Fields) -> GPTConfig:
    """Without the field its window is 4,096 tokens; null is none."""
    none = fields.values.get("sliding_window", "") is None
    window = 0 if none else fields.take("sliding_window", 4096)
    return read(fields, d_ff=14336, context=131072, kv_heads=8, window=window)


def read_qwen2(fields: Fields) -> GPTConfig:
    fields.require(use_sliding_window=False)
    if set(fields.take("layer_types", [])) > {"full_attention"}:
        raise unsupported("layer_types", fields.values["layer_types"], "full_attention")
    return read(fields, vocab_size=151936, d_ff=22016, context=32768, qkv_bias=True)


def read(
    fields: Fields, *, d_ff: int, context: int, vocab_size: int = 32000, kv_heads: int = 0, **family: Any
) -> GPTConfig:
    """With what holds where a file leaves a field out, and what a `family` has of its own."""
    fields.require(hidden_act="silu")
    d_model, heads = fields.take("hidden_size", 4096), fields.take("num_attention_heads", 32)
    context = fields.take("max_position_embeddings", context)
    return GPTConfig(
        vocab_size=fields.take("vocab_size", vocab_size),
        context=context,
        layers=fields.take("num_hidden_layers", 32),
        heads=heads,
        kv_heads=fields.take("num_key_value_heads", kv_heads),
        d_model=d_model,
        d_kv=fields.take("head_dim", 0),
        d_ff=fields.take("intermediate_size", d_ff),
        dropout=fields.take("attention_dropout", 0.0),
        tie_head=fields.take("tie_word_embeddings", False),
        eps=fields.take("rms_norm_eps", 1e-6),
        positions="rotary",
        norm="rms",
        activation="swiglu",
        **({"bias": False} | read_rotary(fields, context) | family),
    )


def read_rotary(fields: Fields, context: int) -> dict:
    """Files name θ and the scaling apart, and those of transformers 5 together, as `rope_parameters`."""
    together = {"rope_theta": fields.take("rope_theta", 10000.0)}
    together |= fields.take("rope_scaling", {}) | fields.take("rope_parameters", {})
    rotary = Fields(together)
    rotary.require(partial_rotary_factor=1.0)
    found = {"rope_theta": rotary.take("rope_theta", 10000.0)}
    kind = rotary.take("rope_type", rotary.take("type", "default"))
    if kind not in ("default", "linear", "llama3"):
        raise unsupported("rope_type", kind, "default", "linear", "llama3")
    if kind != "default":
        found["rope_factor"] = rotary.take("factor", 1.0)
    if kind == "llama3":
        rotary.require(low_freq_factor=1.0, high_freq_factor=4.0)
        found["rope_original_context"] = rotary.take("original_max_position_embeddings", context)
    return found


def write_llama(config: GPTConfig) -> dict:
    check_expressible(config, "Llama", window=0)
    return write(config, "Llama") | {"attention_bias": config.bias, "mlp_bias": config.bias}


def write_mistral(config: GPTConfig) -> dict:
    check_expressible(config, "Mistral", bias=False, qkv_bias=False)
    return write(config, "Mistral") | {"sliding_window": config.window}


def write_qwen2(config: GPTConfig) -> dict:
    check_expressible(config, "Qwen2", window=0)
    return write(config, "Qwen2") | {"use_sliding_window": False}


def write(config: GPTConfig, theirs: str) -> dict:
    check_expressible(config, theirs, norm="rms", activation="swiglu", ngram=1)
    return {
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.context,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "hidden_size": config.d_model,
        "head_dim": config.d_kv,
        "intermediate_size": config.d_ff,
        "attention_dropout": config.dropout,
        "hidden_act": "silu",
        "rms_norm_eps": config.eps,
        "tie_word_embeddings": config.tie_head,
        "rope_theta": config.rope_theta,
        "rope_scaling": write_scaling(config),
    }


def write_scaling(config: GPTConfig) -> dict | None:
    if config.rope_original_context:
        slope = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
        lengths = {"original_max_position_embeddings": config.rope_original_context}
        return {"rope_type": "llama3", "factor": config.rope_factor} | slope | lengths
    return None if config.rope_factor == 1 else {"rope_type": "linear", "factor": config.rope_factor}


def tensors(config: GPTConfig) -> Iterator[Tensor]:
    """Their rotary positions pair a column with the one half a head away, as ours do."""
    d, f, v = config.d_model, config.d_ff, config.vocab_size
    queries, keys = config.heads * config.d_kv, config.kv_heads * config.d_kv
    qkv_bias = config.bias or config.qkv_bias
    copies = ("lm_head.weight",) if config.tie_head else ()
    yield Tensor("model.embed_tokens.weight", (v, d), ("embedding.weight",), copies=copies)
    for i in range(config.layers):
        theirs, ours = f"model.layers.{i}", f"blocks.{i}"
        yield rms_norm(f"{theirs}.input_layernorm", f"{ours}.norm1", d)
        for part, width in (("query", queries), ("key", keys), ("value", keys)):
            yield from linear(f"{theirs}.self_attn.{part[0]}_proj", f"{ours}.attention.{part}", d, width, bias=qkv_bias)
        yield from linear(f"{theirs}.self_attn.o_proj", f"{ours}.attention.output", queries, d, bias=config.bias)
        yield rms_norm(f"{theirs}.post_attention_layernorm", f"{ours}.norm2", d)
        yield from linear(f"{theirs}.mlp.gate_proj", f"{ours}.ffn.gate", d, f, bias=config.bias)
        yield from linear(f"{theirs}.mlp.up_proj", f"{ours}.ffn.expand", d, f, bias=config.bias)
        yield from linear(f"{theirs}.mlp.down_proj", f"{ours}.ffn.contract", f, d, bias=config.bias)
    yield rms_norm("model.norm", "norm", d)
    if not config.tie_head:
        yield from linear("lm_head", "head", d, v, bias=False)


LLAMA = Architecture(
    name="LlamaForCausalLM",
    model_type="llama",
    model=GPT,
    read=read_llama,
    write=write_llama,
    tensors=tensors,
    prefix="model.",
    ignored=f"{FREQUENCIES}|{OTHER_HEADS}",
)
MISTRAL = LLAMA._replace(name="MistralForCausalLM", model_type="mistral", read=read_mistral, write=write_mistral)
QWEN2 = LLAMA._replace(name="Qwen2ForCausalLM", model_type="qwen2", read=read_qwen2, write=write_qwen2)


def family_of(config: GPTConfig) -> Architecture:
    """Which of them a GPT with rotary positions is written as."""
    if config.qkv_bias and not config.bias:
        return QWEN2
    return MISTRAL if config.window else LLAMA
