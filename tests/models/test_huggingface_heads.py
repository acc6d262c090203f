"""A folder of Hugging Face whose model has another head than ours, or none; whose config.json does not say what it is; and its ends."""

import json

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.gradcheck import randomize
from minillm.models import Encoder
from minillm.models.huggingface import load_pretrained, read_eos_token_id, save_pretrained
from tests.models.pretrained import ENCODER, MODELS, edit_config, edit_tensors, renamed, same

# Heads that minillm does not have, and heads that nobody asks for ----------------------------------------------------

VALUES = {"v_head.summary.weight": np.ones((1, 6), np.float32), "v_head.summary.bias": np.ones(1, np.float32)}
SCORES = {"score.weight": np.ones((4, 6), np.float32)}
CLASSES = {"classifier.weight": np.ones((5, 6), np.float32), "classifier.bias": np.ones(5, np.float32)}
NEXT_SENTENCE = {"cls.seq_relationship.weight": np.ones((2, 6), np.float32)}
POOLER = {"bert.pooler.dense.weight": np.ones((6, 6), np.float32), "bert.pooler.dense.bias": np.ones(6, np.float32)}
PLACES = {"bert.embeddings.position_ids": np.arange(9)[None]}

# name -> what is saved, which architecture it is said to be, and what stands in the file besides
HEADS = {
    "TRL's value head": ("GPT", "GPT2LMHeadModel", VALUES),
    "GPT-2 for classes": ("GPT", "GPT2ForSequenceClassification", SCORES),
    "GPT-2 for tokens": ("GPT", "GPT2ForTokenClassification", CLASSES),
    "GPT-2 with two heads": ("GPT", "GPT2DoubleHeadsModel", {"multiple_choice_head.summary.weight": VALUES["v_head.summary.weight"]}),
    "GPT-2 for questions": ("GPT", "GPT2ForQuestionAnswering", {"qa_outputs.bias": np.ones(2, np.float32)}),
    "T5 with a value head": ("T5", "T5ForConditionalGeneration", VALUES),
    "BERT": ("body", "BertModel", POOLER | PLACES),
    "BERT for tokens": ("body", "BertForTokenClassification", CLASSES),
    "BERT for the next sentence": ("body", "BertForNextSentencePrediction", POOLER | NEXT_SENTENCE),
    "BERT for a choice": ("body", "BertForMultipleChoice", POOLER | CLASSES),
    "masked words, trained on with classes": ("masked words", "BertForMaskedLM", POOLER | CLASSES | PLACES),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADS)
def test_a_tensor_that_nobody_reads_is_named_once(write, caplog, case):
    kind, architecture, others = HEADS[case]
    folder, model = write(kind)
    edit_config(folder, architectures=[architecture])
    edit_tensors(folder, lambda a: a.update(others))
    again = load_pretrained(folder)
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.vector.data, model.vector.data)
    (record,) = caplog.records
    assert record.getMessage() == f"(Not read of {folder}: {', '.join(sorted(others))}.)"


def test_a_hundred_tensors_that_nobody_reads_are_counted(write, caplog):
    folder, _ = write("GPT")
    edit_tensors(folder, lambda a: a.update({f"v_head.{i:03}": np.ones(1, np.float32) for i in range(100)}))
    load_pretrained(folder)
    names = ", ".join(f"v_head.{i:03}" for i in range(5))
    assert caplog.messages == [f"(Not read of {folder}: {names} and 95 more.)"]


def test_where_all_is_read_nothing_is_said(write, caplog):
    for kind in MODELS:
        load_pretrained(write(kind)[0])
    assert not caplog.records


def test_a_head_of_classes_needs_no_head_of_words(write):
    """Even where config.json says that these would be two: for the decoder the table is its head."""
    folder, model = write("GPT")
    edit_config(folder, architectures=["GPT2ForSequenceClassification"], tie_word_embeddings=False)
    edit_tensors(folder, lambda a: a.update(SCORES))
    same(folder, model)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("masked words", {}),
        ("masked words", {"tie_word_embeddings": False}),
        ("classes", {"id2label": {"0": "relevance"}}),
        ("classes", {"problem_type": "regression"}),
        ("classes", {"problem_type": "multi_label_classification"}),
        ("questions", {}),
        ("body", {"architectures": ["BertForMyOwnPurposes"]}),
        ("body", {"architectures": None}),
    ],
)
def test_of_any_bert_the_body_alone_can_be_read(write, kind, fields):
    folder, model = write(kind)
    edit_config(folder, **fields)
    body = load_pretrained(folder, body=True)
    assert type(body) is Encoder
    for name, parameter in body.named_parameters():
        np.testing.assert_array_equal(parameter.data, dict(model.body.named_parameters())[name].data)


def test_a_body_must_be_whole(write):
    folder, _ = write("classes")
    name = "bert.encoder.layer.1.output.dense.bias"
    edit_tensors(folder, lambda a: a.update({"bert.encoder.layer.1.adapter.weight": a[name]}))
    with pytest.raises(InputError, match=r"unknown is bert\.encoder\.layer\.1\.adapter\.weight"):
        load_pretrained(folder, body=True)
    edit_tensors(folder, lambda a: (a.pop("bert.encoder.layer.1.adapter.weight"), a.pop(name)))
    with pytest.raises(InputError, match=f"missing is {name}"):
        load_pretrained(folder, body=True)


@pytest.mark.parametrize("kind", ["GPT", "GPT with a head of its own", "T5"])
def test_what_is_no_bert_is_read_whole(write, kind):
    folder, model = write(kind)
    np.testing.assert_array_equal(load_pretrained(folder, body=True).vector.data, model.vector.data)


def test_a_folder_of_sentence_transformers(tmp_path, caplog):
    """The layout of all-MiniLM-L6-v2: no name begins with bert., and there are position_ids and a pooler."""
    model = randomize(Encoder(ENCODER), np.random.default_rng(0))
    save_pretrained(model, tmp_path)
    edit_tensors(tmp_path, lambda a: a.update(POOLER | PLACES))
    edit_tensors(tmp_path, lambda a: renamed(a, lambda name: name.removeprefix("bert.")))
    sizes = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    sizes += ("max_position_embeddings", "type_vocab_size")
    written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config = {name: written[name] for name in sizes}
    config |= {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "layer_norm_eps": 1e-12}
    config |= {"_name_or_path": "someone/MiniLM", "attention_probs_dropout_prob": 0.2, "hidden_dropout_prob": 0.2}
    config |= {"gradient_checkpointing": False, "initializer_range": 0.02, "pad_token_id": 0, "use_cache": True}
    config |= {"position_embedding_type": "absolute", "transformers_version": "4.8.2"}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"word_embedding_dimension": 6}', encoding="utf-8")
    again = load_pretrained(tmp_path)
    assert again.config == model.config
    ids = np.array([[2, 5, 7, 3]])
    np.testing.assert_array_equal(again.forward(ids)[0], model.forward(ids)[0])
    assert "embeddings.position_ids, pooler.dense.bias, pooler.dense.weight" in caplog.text


# A config.json that does not say what it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("model_type", [None, ...], ids=["null", "absent"])
def test_the_architecture_tells_the_type(write, kind, model_type):
    folder, model = write(kind)
    edit_config(folder, model_type=model_type)
    again = load_pretrained(folder)
    assert type(again) is type(model) and again.config == model.config


@pytest.mark.parametrize("architectures", [None, ..., []], ids=["null", "absent", "empty"])
@pytest.mark.parametrize("kind", ["GPT", "masked words", "T5"])
def test_without_either_the_error_says_what_to_add(write, kind, architectures):
    folder, _ = write(kind)
    edit_config(folder, model_type=..., architectures=architectures)
    for body in (False, True):
        with pytest.raises(InputError) as caught:
            load_pretrained(folder, body=body)
        assert caught.value.wrong == f"{folder / 'config.json'}: It names neither the model_type nor the architectures."
        assert (
            caught.value.remedy
            == 'Add what the model is: "model_type": "gpt2", "llama", "mistral", "qwen2", "bert" or "t5".'
        )


@pytest.mark.parametrize(
    "architectures", [["RobertaForMaskedLM"], ["RobertaModel"], "BertModel", [["BertModel"]], {"a": 1}, 7]
)
def test_another_architecture_without_a_type_is_refused(write, architectures):
    folder, _ = write("masked words")
    edit_config(folder, model_type=..., architectures=architectures)
    for body in (False, True):
        with pytest.raises(InputError, match="which minillm does not know"):
            load_pretrained(folder, body=body)


# Ends -----------------------------------------------------------------------------------------------------------------

# generation_config.json (None: there is none), the field of config.json, and what ends a text then
ENDS = [
    (None, 2, [2]),
    (None, [2, 7], [2, 7]),
    (None, None, []),
    (None, ..., []),
    ({"eos_token_id": 5}, 2, [5]),
    ({"eos_token_id": [5, 6]}, 2, [5, 6]),
    ({"eos_token_id": 0}, 2, [0]),
    ({"eos_token_id": []}, 2, []),
    ({"eos_token_id": None}, 2, []),
    ({"bos_token_id": 1}, 2, []),
]


@pytest.mark.parametrize("kind", ["GPT", "T5"])
@pytest.mark.parametrize(("generation", "config", "ends"), ENDS)
def test_generation_config_speaks_alone_where_it_is_there(write, kind, generation, config, ends):
    folder, _ = write(kind)
    edit_config(folder, eos_token_id=config)
    if generation is not None:
        (folder / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
    assert read_eos_token_id(folder) == load_pretrained(folder).eos_token_id == ends


@pytest.mark.parametrize("value", ["2", 2.0, True, [2, None], {"0": 2}, [[2]]], ids=str)
@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
def test_an_end_that_is_no_number(write, name, value):
    folder, _ = write("GPT")
    (folder / "generation_config.json").write_text("{}", encoding="utf-8")
    if name == "config.json":
        (folder / "generation_config.json").unlink()
    values = json.loads((folder / name).read_text(encoding="utf-8")) | {"eos_token_id": value}
    (folder / name).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_pretrained(folder)
    assert caught.value.wrong.startswith(f"{folder / name}: eos_token_id is {json.dumps(value)}, ")


def test_a_model_that_is_written_keeps_its_ends(write, tmp_path):
    _, model = write("GPT")
    for ends in ([3], [3, 5]):
        model.eos_token_id = ends
        save_pretrained(model, tmp_path / "new")
        assert load_pretrained(tmp_path / "new").eos_token_id == ends
    save_pretrained(model, tmp_path / "new", eos_id=1)
    assert load_pretrained(tmp_path / "new").eos_token_id == [1]
