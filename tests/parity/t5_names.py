"""What Hugging Face calls the parameters of its T5, and which of ours they are."""

from minillm.layers import Parameter
from minillm.models import T5


def t5_names(model: T5) -> dict[str, tuple[Parameter, bool]]:
    """Their name -> our parameter, and whether theirs is transposed: torch keeps the matrix of a linear layer as (out, in)."""
    names = {"shared.weight": (model.embedding.weight, False)}
    for half, blocks in (("encoder", model.encoder), ("decoder", model.decoder)):
        table = f"{half}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        names[table] = (getattr(model, f"{half}_bias").weight, False)
        names[f"{half}.final_layer_norm.weight"] = (getattr(model, f"{half}_norm").gamma, False)
        for i, block in enumerate(blocks):
            parts = [("SelfAttention", block.norm1, attention(block.attention))]
            if half == "decoder":
                parts.append(("EncDecAttention", block.norm2, attention(block.cross_attention)))
            parts.append(("DenseReluDense", getattr(block, f"norm{len(parts) + 1}"), feedforward(block.ffn)))
            for n, (part, norm, linears) in enumerate(parts):
                names[f"{half}.block.{i}.layer.{n}.layer_norm.weight"] = (norm.gamma, False)
                for name, linear in linears.items():
                    names[f"{half}.block.{i}.layer.{n}.{part}.{name}.weight"] = (linear.weight, True)
    if not model.config.tie_head:
        names["lm_head.weight"] = (model.head.weight, True)
    return names


def attention(layer) -> dict:
    return {"q": layer.query, "k": layer.key, "v": layer.value, "o": layer.output}


def feedforward(layer) -> dict:
    units = {"wi_0": layer.gate, "wi_1": layer.expand} if hasattr(layer, "gate") else {"wi": layer.expand}
    return units | {"wo": layer.contract}
