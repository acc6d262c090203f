"""BERT: the body alone, and with the heads for masked words, for classes, and for the answer to a question."""

from collections.abc import Iterator
from functools import partial

from minillm.errors import InputError
from minillm.models.classifier import ClassifierConfig, SequenceClassifier
from minillm.models.encoder import Encoder, MaskedLM
from minillm.models.encoder_config import EncoderConfig
from minillm.models.huggingface.fields import Fields, check_expressible, shown, their_activation
from minillm.models.huggingface.tensors import OTHER_HEADS, Architecture, Tensor, layer_norm, linear
from minillm.models.question_answering import QuestionAnswering, QuestionAnsweringConfig

WORDS = "bert.embeddings.word_embeddings.weight"
POSITION_IDS = r"(bert\.)?embeddings\.position_ids"  # 0, 1, 2 ...
POOLER = r"(bert\.)?pooler\.dense\.(weight|bias)"  # read by classifiers only
OUTSIDE = r"(?!(bert\.)?(embeddings|encoder)\.)[\w.]+"  # of the body
NEXT_SENTENCE = r"cls\.seq_relationship\.(weight|bias)"  # a head that pretraining had besides


def read_body(fields: Fields) -> EncoderConfig:
    """Of their dropout rates, which count in training only, ours is that of the hidden layers."""
    fields.require(is_decoder=False, add_cross_attention=False, position_embedding_type="absolute")
    return EncoderConfig(
        vocab_size=fields.take("vocab_size", 30522),
        context=fields.take("max_position_embeddings", 512),
        layers=fields.take("num_hidden_layers", 12),
        heads=fields.take("num_attention_heads", 12),
        d_model=fields.take("hidden_size", 768),
        d_ff=fields.take("intermediate_size", 3072),
        dropout=fields.take("hidden_dropout_prob", 0.1),
        activation=fields.activation("hidden_act", "gelu"),
        token_types=fields.take("type_vocab_size", 2),
        eps=fields.take("layer_norm_eps", 1e-12),
    )


def write_body(config: EncoderConfig) -> dict:
    check_expressible(config, "BERT", norm="post", positions="learned")
    if config.token_types == 0:
        raise InputError(
            "This encoder knows no segments, and a BERT of Hugging Face has one at least.",
            "Only a model with token_types of 1 or more can be written as one.",
        )
    return {
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.context,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
        "hidden_act": their_activation(config.activation),
        "type_vocab_size": config.token_types,
        "layer_norm_eps": config.eps,
        "is_decoder": False,
        "add_cross_attention": False,
        "tie_word_embeddings": True,
    }


def body(config: EncoderConfig, ours: str = "body.", copies: tuple[str, ...] = ()) -> Iterator[Tensor]:
    """`ours` is in front of our names; `copies` of the table of words, as a head may have them."""
    d, f = config.d_model, config.d_ff
    theirs = "bert.embeddings"
    yield Tensor(WORDS, (config.vocab_size, d), (f"{ours}embedding.weight",), copies=copies)
    yield Tensor(f"{theirs}.position_embeddings.weight", (config.context, d), (f"{ours}positions.weight",))
    yield Tensor(f"{theirs}.token_type_embeddings.weight", (config.token_types, d), (f"{ours}token_types.weight",))
    yield from layer_norm(f"{theirs}.LayerNorm", f"{ours}embedding_norm", d)
    for i in range(config.layers):
        theirs, block = f"bert.encoder.layer.{i}", f"{ours}blocks.{i}"
        for part in ("query", "key", "value"):
            yield from linear(f"{theirs}.attention.self.{part}", f"{block}.attention.{part}", d, d)
        yield from linear(f"{theirs}.attention.output.dense", f"{block}.attention.output", d, d)
        yield from layer_norm(f"{theirs}.attention.output.LayerNorm", f"{block}.norm1", d)
        yield from linear(f"{theirs}.intermediate.dense", f"{block}.ffn.expand", d, f)
        yield from linear(f"{theirs}.output.dense", f"{block}.ffn.contract", f, d)
        yield from layer_norm(f"{theirs}.output.LayerNorm", f"{block}.norm2", d)


BODY = Architecture(
    name="BertModel",
    model_type="bert",
    model=Encoder,
    read=read_body,
    write=write_body,
    tensors=partial(body, ours=""),
    prefix="bert.",
    ignored=f"{POSITION_IDS}|{OUTSIDE}",
)


# Masked words ---------------------------------------------------------------------------------------------------------


def read_masked_lm(fields: Fields) -> EncoderConfig:
    fields.require(tie_word_embeddings=True)
    return read_body(fields)


def masked_lm_tensors(config: EncoderConfig) -> Iterator[Tensor]:
    d, head, transform = config.d_model, "cls.predictions", "cls.predictions.transform"
    yield from body(config, copies=(f"{head}.decoder.weight",))
    yield from linear(f"{transform}.dense", "head.dense", d, d)
    yield from layer_norm(f"{transform}.LayerNorm", "head.norm", d)
    yield Tensor(f"{head}.bias", (config.vocab_size,), ("head.bias",), copies=(f"{head}.decoder.bias",))


MASKED_LM = Architecture(
    name="BertForMaskedLM",
    model_type="bert",
    model=MaskedLM,
    read=read_masked_lm,
    write=write_body,
    tensors=masked_lm_tensors,
    prefix="bert.",
    ignored=f"{POSITION_IDS}|{POOLER}|{NEXT_SENTENCE}|{OTHER_HEADS}",
)


# Classes --------------------------------------------------------------------------------------------------------------


def labels_of(values: dict) -> list[str] | None:
    """The names of the classes, in their order, as config.json gives them; None if it doesn't."""
    names = values.get("id2label")
    if names is None:
        return None
    if not isinstance(names, dict) or set(names) != {str(i) for i in range(len(names))}:
        raise InputError(
            f"id2label is {shown(names)}, which does not name the classes 0, 1, 2 ...", "Copy the file anew."
        )
    return [str(names[str(i)]) for i in range(len(names))]


def read_classifier(fields: Fields) -> ClassifierConfig:
    fields.require(problem_type="single_label_classification")
    labels, encoder = labels_of(fields.values), read_body(fields)
    classes = fields.take("num_labels", 2) if labels is None else len(labels)
    if classes == 1:
        raise InputError(
            "It has a single class, so it gives a number and tells nothing apart.", "Use a model with two or more."
        )
    return ClassifierConfig(
        encoder,
        classes=classes,
        pooling="first",
        pooler=True,
        head_dropout=fields.take("classifier_dropout", float(encoder.dropout)),
    )


def write_classifier(config: ClassifierConfig) -> dict:
    if not isinstance(config.body, EncoderConfig):
        raise InputError(
            f"The body of this classifier is {config.body.name}.", "Only one of an encoder can be written."
        )
    check_expressible(config, "classifier", pooling="first", pooler=True, layers_read=(config.body.layers,))
    names = [f"LABEL_{i}" for i in range(config.classes)]
    return write_body(config.body) | {"classifier_dropout": config.head_dropout} | label_fields(names)


def label_fields(names: list[str]) -> dict:
    return {
        "id2label": {str(i): name for i, name in enumerate(names)},
        "label2id": {name: i for i, name in enumerate(names)},
    }


def classifier_tensors(config: ClassifierConfig) -> Iterator[Tensor]:
    d = config.body.d_model
    yield from body(config.body)
    yield from linear("bert.pooler.dense", "head.pooler.dense", d, d)
    yield from linear("classifier", "head.linear", d, config.classes)


CLASSIFIER = Architecture(
    name="BertForSequenceClassification",
    model_type="bert",
    model=SequenceClassifier,
    read=read_classifier,
    write=write_classifier,
    tensors=classifier_tensors,
    prefix="bert.",
    ignored=POSITION_IDS,
)


# The answer to a question ---------------------------------------------------------------------------------------------


def question_answering_tensors(config: QuestionAnsweringConfig) -> Iterator[Tensor]:
    yield from body(config.body)
    yield from linear("qa_outputs", "head.linear", config.body.d_model, 2)


QUESTION_ANSWERING = Architecture(
    name="BertForQuestionAnswering",
    model_type="bert",
    model=QuestionAnswering,
    read=lambda fields: QuestionAnsweringConfig(read_body(fields)),
    write=lambda config: write_body(config.body),
    tensors=question_answering_tensors,
    prefix="bert.",
    ignored=f"{POSITION_IDS}|{POOLER}",
)
