"""finetune --freeze body: fitted, not trained; what it tells; and that it touches nothing before it has something to keep."""

import json
import re
import shlex
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from minillm.cli import last_layer, main
from minillm.finetuning import Examples
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM
from minillm.models.huggingface import save_pretrained
from minillm.text.gpt2 import byte_characters
from minillm.training import load
from tests.cli.labelled import lines
from tests.words import WORDS

FILES = ["config.json", "labels.json", "model.safetensors", "tokenizer.json"]


@pytest.fixture
def bert(tmp_path):
    """A folder in the layout of Hugging Face."""
    model = MaskedLM(EncoderConfig(len(WORDS) + 5, context=24, layers=2, heads=2, d_model=8), seed=3)
    save_pretrained(model, tmp_path / "bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (tmp_path / "bert" / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    return tmp_path / "bert"


@pytest.fixture
def gpt2(tmp_path):
    save_pretrained(GPT(GPTConfig(257, context=24, layers=2, heads=2, d_model=8), seed=3), tmp_path / "gpt2")
    vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
    (tmp_path / "gpt2" / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (tmp_path / "gpt2" / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    return tmp_path / "gpt2"


@pytest.fixture(params=["finished_run", "masked_run", "bert", "gpt2"])
def body(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def quick(finished_run, labelled):
    return ["finetune", "--checkpoint", finished_run, "--data", labelled, "--freeze=body"]


def test_an_earlier_classifier_is_there_until_all_of_the_new_one_is_written(call, quick, full_disk, snapshot, tmp_path):
    assert call(*quick, "--out", tmp_path / "run")[0] == 0
    before = snapshot(tmp_path / "run")
    with full_disk(after=7):  # two for each of four files
        code, _, err = call(*quick, "--seed=1", "--overwrite", "--out", tmp_path / "run")
    assert code == 2 and "No space left" in err and snapshot(tmp_path / "run") == before


def test_from_beginning_to_end(call, body, labelled, tmp_path):
    run = tmp_path / "my run"
    code, out, err = call("finetune", "--checkpoint", body, "--data", labelled, "--freeze=body", "--out", run)
    assert code == 0 and sorted(path.name for path in run.iterdir()) == FILES
    for told in ("frozen; learning: the last layer", "54 texts to train on, 6 to validate", "reads 54 texts, once"):
        assert told in err
    assert "always blame: 50.0 % right; a bag of words: 100.0 %" in err
    assert re.findall(r"layer +(\w+): [\d.]+ % right by cross-validation\n", err) == ["0", "1", "2", "all"]
    chosen = re.search(
        r"done    .*: layer (\w+) of 2, pooling (\w+), L2 \S+: [\d.]+ % right by cross-valid.*; (\d+) num", err
    )
    config = load(run)[0].config
    assert ("all" if len(config.layers_read) > 1 else str(*config.layers_read)) == chosen[1]
    assert chosen[2] == config.pooling == ("last" if isinstance(config.body, GPTConfig) else "mean")
    assert int(chosen[3]) == 2 * config.width + 2
    assert re.search(r"accuracy  [\d.]+ % ± [\d.]+  \(\d of 6", out)
    command = shlex.split(re.search(r"-m minillm (classify .*)", err)[1])
    assert main(command) == 0

    before, after = load(body, body=True)[0].body, load(run)[0].body
    theirs = dict(after.named_parameters())
    for name, parameter in before.named_parameters():
        assert np.array_equal(theirs[name].data, parameter.data), f"{name} is frozen"


def test_classify_answers_what_the_report_counted(call, quick, labelled, tmp_path):
    """By the command, out of the saved folder, one text after the other."""
    _, out, _ = call(*quick, "--dev", labelled, "--layer=all", "--pooling=mean", "--out", tmp_path / "run")
    right = 0
    for line in lines(60):
        text, label = line.split("\t")
        right += call("classify", "--checkpoint", tmp_path / "run", f"--text={text}")[1].startswith(label)
    assert f"({right} of 60 held-out texts)" in out and right > 50


@pytest.mark.parametrize("layer, read", [("0", [0]), ("1", [1]), ("2", None), ("all", [0, 1, 2])])
def test_the_config_says_which_layers_are_read_if_it_is_not_the_last(call, quick, tmp_path, layer, read):
    code, _, err = call(*quick, f"--layer={layer}", "--pooling=first", "--out", tmp_path / "run")
    assert code == 0 and f"layer {layer} of 2, pooling first" in err and err.count("right by cross-validation\n") == 1
    config = json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))
    assert config.get("layers_read") == read, "a run of an earlier version says nothing of it, and reads the last"


def test_nothing_of_the_held_out_texts_is_fitted_to(call, quick, labelled, tmp_path):
    """Neither mean and deviation nor layer and penalty: other held-out texts change nothing."""
    for name, content in {"one": "a token\tpraise\n", "two": "the the the\tblame\nmodel\tpraise\n" * 30}.items():
        (tmp_path / f"{name}.tsv").write_text(content, encoding="utf-8")
        assert call(*quick, "--dev", tmp_path / f"{name}.tsv", "--out", tmp_path / name)[0] == 0
    assert (tmp_path / "one/model.safetensors").read_bytes() == (tmp_path / "two/model.safetensors").read_bytes()


def test_a_fit_to_the_held_out_texts_would_be_seen(call, quick, labelled, tmp_path, monkeypatch):
    """The mistake that the test above is for."""
    tokenized = last_layer.tokenize_parts

    def leaking(split, *rest):
        both = Examples(*(a + b for a, b in zip(split.training, split.held_out, strict=True)))
        return tokenized(split._replace(training=both), *rest)

    monkeypatch.setattr(last_layer, "tokenize_parts", leaking)
    with pytest.raises(AssertionError):
        test_nothing_of_the_held_out_texts_is_fitted_to(call, quick, labelled, tmp_path)


def test_a_frozen_body_reads_every_text_once(call, quick, tmp_path, monkeypatch):
    read, hidden = [], GPT.hidden
    monkeypatch.setattr(GPT, "hidden", lambda self, ids, **rest: read.append(len(ids)) or hidden(self, ids, **rest))
    assert call(*quick, "--out", tmp_path / "run")[0] == 0
    assert sum(read) == 54 + 6, "all texts before the fit, and the held-out ones by the classifier that was saved"


def test_random_weights_are_not_the_pretrained_ones(call, quick, finished_run, tmp_path):
    assert call(*quick, "--init=random", "--out", tmp_path / "run")[0] == 0
    before, after = load(finished_run)[0], load(tmp_path / "run")[0]
    assert not np.isclose(before.embedding.weight.data, after.body.embedding.weight.data).mean() > 0.1


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--steps=9"], "--steps is for training, and with --freeze body nothing trains"),
        (["--epochs=2"], "--epochs is for training"),
        (["--lr=0.1"], "--lr is for training"),
        (["--weight-decay=0.1"], "--weight-decay is for training"),
        (["--dropout=0.1"], "--dropout is for training"),
        (["--stop-at=3"], "--stop-at is for training"),
        (["--resume"], "nothing to go on with"),
        (["--lora=2"], "leaves --freeze nothing to say"),
        (["--layer=3"], "There is no --layer 3: the body has 0 (the embeddings) to 2."),
        (["--layer=-1"], "--layer is the number of a layer or all"),
        (["--seed=-1"], "--seed must be"),
        (["--checkpoint=nowhere"], "There is no checkpoint nowhere"),
        (["--data=nowhere"], "There is no file"),
    ],
    ids=str,
)
def test_options_that_no_fit_can_have(refused, quick, tmp_path, snapshot, options, wrong):
    before = snapshot(tmp_path)
    assert wrong in refused(*quick, "--out", tmp_path / "run", *options)[0]
    assert snapshot(tmp_path) == before


def test_an_earlier_run_is_replaced_only_where_it_is_asked_for_and_only_at_the_end(
    call,
    quick,
    refused,
    run_copy,
    snapshot,
    monkeypatch,
    labelled,
):
    before = snapshot(run_copy)
    assert "already holds a run" in refused(*quick, "--out", run_copy)[0]
    wrong, _ = refused(*quick, "--checkpoint", run_copy, "--out", run_copy, "--overwrite")
    assert wrong == f"{run_copy} holds the model to begin with."
    data = shutil.copy(labelled, run_copy / "log.jsonl.tsv")
    data.rename(run_copy / "loss.png")
    assert "holds the texts" in refused(*quick, "--data", run_copy / "loss.png", "--out", run_copy, "--overwrite")[0]
    (run_copy / "loss.png").unlink()

    def interrupted(*args, **choices):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(last_layer, "fit_last_layer", interrupted)
        assert call(*quick, "--out", run_copy, "--overwrite")[0] == 130
        assert snapshot(run_copy) == {path: content for path, content in before.items() if path.name != "loss.png"}
        assert call(*quick, "--out", run_copy / "new")[0] == 130
        assert not (run_copy / "new").exists()
    assert call(*quick, "--out", run_copy, "--overwrite")[0] == 0
    assert sorted(path.name for path in run_copy.iterdir()) == FILES
    assert "holds files that a run would write over" in refused(*quick, "--out", run_copy)[0]
    assert "holds no run to resume" in refused("finetune", "--resume", "--out", run_copy)[0]


def test_a_classifier_of_an_earlier_version_is_still_read(call, quick, refused, tmp_path):
    """Its config names no layers, and neither do the weights; its last layer may have been trained."""
    run = tmp_path / "run"
    assert call(*quick, "--layer=2", "--out", run)[0] == 0
    metadata = (run / "model.safetensors").read_bytes()[:4000]
    assert b"layers_read" not in metadata and "layers_read" not in (run / "config.json").read_text(encoding="utf-8")
    assert call("classify", "--checkpoint", run, "--text=a token")[0] == 0
    assert load(run)[0].config.layers_read == (2,)


@pytest.mark.parametrize("damage", [[3], [1, 0], [0, 0], [-1], [0.0], ["0"], 1, None, "all"], ids=str)
def test_a_config_that_reads_layers_that_are_not_there(call, quick, refused, tmp_path, damage):
    run = tmp_path / "run"
    assert call(*quick, "--layer=all", "--out", run)[0] == 0
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    (run / "config.json").write_text(json.dumps(config | {"layers_read": damage}), encoding="utf-8")
    wrong, _ = refused("classify", "--checkpoint", run, "--text=a")
    assert wrong.startswith(f"{run / 'config.json'} is no config of minillm: layers_read ")


def test_weights_of_other_layers_are_refused(call, quick, refused, tmp_path):
    for layer in ("0", "1"):
        assert call(*quick, f"--layer={layer}", "--out", tmp_path / layer)[0] == 0
    shutil.copy(tmp_path / "0/model.safetensors", tmp_path / "1/model.safetensors")
    assert load_file(tmp_path / "1/model.safetensors").keys() == load_file(tmp_path / "0/model.safetensors").keys()
    assert "was written for another config" in refused("classify", "--checkpoint", tmp_path / "1", "--text=a")[0]
