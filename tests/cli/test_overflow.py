"""Weights that are finite, and so large that sums of them are not: no command shows such a number, or takes the largest of some."""

import shlex
from pathlib import Path

import numpy as np
import pytest

from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    Encoder,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    T5Config,
    Transformer,
    TransformerConfig,
)
from minillm.models.huggingface import save_pretrained
from minillm.text import WordPieceTokenizer
from minillm.text.wordpiece import BERT_ROLES
from minillm.training import save
from tests.questions import questions, write_questions

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "model", "reads", "a", "token", "good", "bad"]
ENDS = ["<s>", "</s>"]
SIZES = {"vocab_size": 14, "layers": 2, "heads": 2, "d_model": 6}
ENCODER = EncoderConfig(**SIZES, context=32)
KINDS = {
    "GPT": (GPT, GPTConfig(**SIZES, context=32)),
    "masked words": (MaskedLM, ENCODER),
    "body": (Encoder, ENCODER),
    "classes": (SequenceClassifier, ClassifierConfig(ENCODER, pooler=True)),
    "answers": (QuestionAnswering, QuestionAnsweringConfig(ENCODER)),
    "T5": (T5, T5Config(**SIZES, d_kv=4, d_ff=8)),
    "Transformer": (Transformer, TransformerConfig(**SIZES, d_ff=8)),
}
# 3e38 overflows in every sum. 1e25 is no trouble but where it is squared, as norms do: their rows became zeros.
SCALES = {"sums": 3e38, "squares": 1e25}


@pytest.fixture
def overflowing(tmp_path):
    """overflowing(kind, scale) -> the folder of such a model, of Hugging Face where they have it, with a tokenizer."""

    def write(name, scale):
        kind, config = KINDS[name]
        model, folder = kind(config), tmp_path / "model"
        signs = np.random.default_rng(0).choice([-1, 1], model.vector.data.shape)
        model.vector.data[...] = SCALES[scale] * signs
        if kind is Transformer:
            vocab = {token: i for i, token in enumerate([*WORDS, *ENDS])}
            save(folder, model, WordPieceTokenizer(vocab, roles=BERT_ROLES | {"bos_token": "<s>", "eos_token": "</s>"}))
            return folder
        save_pretrained(model, folder)
        (folder / "vocab.txt").write_text("\n".join([*WORDS, *ENDS, ""]), encoding="utf-8")
        (folder / "tokenizer_config.json").write_text('{"bos_token": "<s>", "eos_token": "</s>"}', encoding="utf-8")
        return folder

    return write


SCORES, WEIGHTS = "The model's scores are not finite.", "The model's attention weights are not finite."
COMMANDS = [
    ("GPT", "generate --prompt 'the model'", SCORES),
    ("GPT", "generate --prompt 'the model' --beams 2", SCORES),
    ("GPT", "generate --prompt 'the model' --best-of 2 --reward length:9", SCORES),
    ("GPT", "attention --text 'the model' --out map.png", WEIGHTS),
    ("GPT", "finetune --data data.tsv --out run --freeze body", "The model's features of a text are not finite."),
    ("GPT", "align --pairs pairs.jsonl --out run", "The model's log-probabilities are not finite."),
    ("GPT", "align --pairs pairs.jsonl --method reward --out run", "The validation loss is nan before the first step"),
    ("GPT", "evaluate --data data.tsv", "The model's losses are not finite."),
    ("masked words", "fill --text 'the [MASK]'", SCORES),
    ("masked words", "evaluate --data data.tsv", "The model's losses are not finite."),
    ("masked words", "attention --text 'the model' --out map.html", WEIGHTS),
    ("body", "attention --text 'the model' --out map.svg --layer 1 --head 1", WEIGHTS),
    ("body", "finetune --data data.tsv --out run --freeze body", "The model's features of a text are not finite."),
    ("body", "finetune --data data.tsv --out run --steps 2", "The validation loss is nan before the first step"),
    ("classes", "classify --text 'the model'", SCORES),
    ("classes", "attention --text 'the model' --out map.png", WEIGHTS),
    ("answers", "answer --context data.tsv --question 'the model'", SCORES),
    ("answers", "evaluate --data questions.json", SCORES),
    (
        "answers",
        "finetune --task answer --data questions.json --out run",
        "The validation loss is nan before the first step",
    ),
    ("T5", "generate --prompt 'the model'", SCORES),
    ("T5", "generate --prompt 'the model' --temperature 0", SCORES),
    ("T5", "fill --text 'the model'", SCORES),
    ("T5", "evaluate --data data.tsv", SCORES),
    ("T5", "attention --text 'the model' --out map.png", SCORES),
    ("T5", "attention --text 'the model' --target 'a token' --view decoder --out map.png", WEIGHTS),
    ("Transformer", "generate --prompt 'the model'", SCORES),
    ("Transformer", "fill --text 'the model'", SCORES),
]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("kind", "command", "said"), COMMANDS)
def test_what_is_not_finite_is_said(overflowing, call, kind, command, said, scale):
    with open("data.tsv", "w", encoding="utf-8") as file:
        file.write("a good token\tyes\na bad token\tno\n" * 20)
    write_questions(Path("questions.json"), questions(10))
    with open("pairs.jsonl", "w", encoding="utf-8") as file:
        file.write('{"prompt": "the", "chosen": "good", "rejected": "bad"}\n' * 20)
    code, out, err = call(*shlex.split(command), "--checkpoint", overflowing(kind, scale))
    wrong, remedy = err.splitlines()[-2:]
    assert code == 2 and out in ("", "the model"), "at most the prompt"
    assert wrong.startswith(said)
    if said.endswith("."):
        assert remedy.endswith("use another checkpoint.")
