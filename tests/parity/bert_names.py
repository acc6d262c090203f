"""What Hugging Face calls the parameters of its BERT models, and which of ours they are."""

from minillm.layers import Parameter
from minillm.models import Encoder, MaskedLM, Model, QuestionAnswering, SequenceClassifier


def bert_names(model: Model) -> dict[str, tuple[Parameter, bool]]:
    """Their name -> our parameter, and whether theirs is transposed: torch keeps the matrix of a linear layer as (out, in)."""
    return {**encoder_names(model.body), **head_names(model)}


def encoder_names(body: Encoder) -> dict[str, tuple[Parameter, bool]]:
    names = {"bert.embeddings.word_embeddings.weight": (body.embedding.weight, False)}
    names["bert.embeddings.position_embeddings.weight"] = (body.positions.weight, False)
    names["bert.embeddings.token_type_embeddings.weight"] = (body.token_types.weight, False)
    names |= norm("bert.embeddings.LayerNorm", body.embedding_norm)
    for i, block in enumerate(body.blocks):
        at, attention = f"bert.encoder.layer.{i}", block.attention
        names |= linear(f"{at}.attention.self.query", attention.query)
        names |= linear(f"{at}.attention.self.key", attention.key)
        names |= linear(f"{at}.attention.self.value", attention.value)
        names |= linear(f"{at}.attention.output.dense", attention.output)
        names |= norm(f"{at}.attention.output.LayerNorm", block.norm1)
        names |= linear(f"{at}.intermediate.dense", block.ffn.expand)
        names |= linear(f"{at}.output.dense", block.ffn.contract)
        names |= norm(f"{at}.output.LayerNorm", block.norm2)
    return names


def head_names(model: Model) -> dict[str, tuple[Parameter, bool]]:
    head = model.head
    if isinstance(model, MaskedLM):
        transform = "cls.predictions.transform"
        return {
            **linear(f"{transform}.dense", head.dense),
            **norm(f"{transform}.LayerNorm", head.norm),
            "cls.predictions.bias": (head.bias, False),
        }
    if isinstance(model, SequenceClassifier):
        return {**linear("bert.pooler.dense", head.pooler.dense), **linear("classifier", head.linear)}
    assert isinstance(model, QuestionAnswering)
    return linear("qa_outputs", head.linear)


def linear(name, layer) -> dict[str, tuple[Parameter, bool]]:
    return {f"{name}.weight": (layer.weight, True), f"{name}.bias": (layer.bias, False)}


def norm(name, layer) -> dict[str, tuple[Parameter, bool]]:
    return {f"{name}.weight": (layer.gamma, False), f"{name}.bias": (layer.beta, False)}
