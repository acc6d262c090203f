"""Every objective through the command line: pretrain, stop, resume, and use what was learned."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from minillm.generation.filling import with_holes
from minillm.models import MaskedLM, Transformer
from minillm.objectives import DenoisingData, MaskedData, Sentences, Windows, sentence_starts
from minillm.pretraining.scores import fill_in_accuracy, restored_sentences, token_accuracy
from minillm.text import BPETokenizer, CharTokenizer, SpecialTokens
from minillm.training import load
from tests.words import WORDS

OBJECTIVES = {
    "masked": (MaskedLM, "[MASK] 1\n", f"{WORDS[0]} [MASK] {WORDS[1]}"),
    "denoise": (Transformer, "", f"{WORDS[0]} {WORDS[1]}"),
    "span": (Transformer, "", f"{WORDS[0]} <extra_id_0> {WORDS[1]}"),
}
SMALL = ["--preset=tiny", "--layers=1", "--d-model=16", "--context=16", "--batch=4", "--steps=6", "--eval-every=3"]


@pytest.fixture(scope="module")
def sentences(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "sentences.txt"
    lines = [" ".join(WORDS[(i * 3 + j) % len(WORDS)] for j in range(4 + i % 3)) + "." for i in range(200)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory, sentences) -> dict[str, Path]:
    """A finished run of each objective."""
    from minillm.cli import main

    folder = tmp_path_factory.mktemp("runs")
    for name in OBJECTIVES:
        arguments = [*SMALL, "--objective", name, "--merges=40", "--text", str(sentences), "--out", str(folder / name)]
        assert main(["pretrain", *arguments]) == 0
    return {name: folder / name for name in OBJECTIVES}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_model_is_of_the_right_kind_and_can_be_used(name, runs, call):
    kind, beginning, text = OBJECTIVES[name]
    model, tokenizer = load(runs[name])
    assert isinstance(model, kind) and "[PAD]" in tokenizer.special_tokens
    code, out, err = call("fill", "--checkpoint", runs[name], "--text", text)
    assert (code, err) == (0, "") and out.startswith(beginning)
    code, _, err = call("attention", "--checkpoint", runs[name], "--text", text, "--out", runs[name] / "map.html")
    assert code == 0 and "1 layer × 2 heads" in err


@pytest.mark.parametrize("name", OBJECTIVES)
def test_stopped_and_resumed_is_never_stopped(name, runs, sentences, call, tmp_path):
    arguments = [*SMALL, "--objective", name, "--merges=40", "--text", sentences, "--out", tmp_path / "run"]
    assert call("pretrain", *arguments, "--stop-at=2")[0] == 0
    assert call("pretrain", "--resume", "--out", tmp_path / "run")[0] == 0
    for file in ("model.safetensors", "trainer.safetensors", "log.jsonl"):
        if file != "trainer.safetensors":  # which holds the time that passed
            assert (tmp_path / "run" / file).read_bytes() == (runs[name] / file).read_bytes(), file


def test_the_end_of_a_run_says_what_was_learned(runs, sentences, call, tmp_path):
    for name, told in (("masked", "hidden tokens filled in right"), ("denoise", "restored"), ("span", "answers right")):
        shutil.copytree(runs[name], tmp_path / name)
        _, _, err = call("pretrain", "--resume", "--steps=7", "--out", tmp_path / name)
        assert told in err and "minillm fill" in err


def test_a_hole_has_the_space_before_it():
    """As a word of byte pairs has; among characters a space is a token of its own."""
    text, special = "the cat [MASK] on <extra_id_0>", ("[MASK]", "<extra_id_0>")
    for tokenizer, expected in (
        (BPETokenizer.train("the cat on", 0, special), "the cat[MASK] on<extra_id_0>"),
        (CharTokenizer.train("the cat on", special), text),
    ):
        assert tokenizer.decode(with_holes(tokenizer, text)) == expected


def test_an_encoder_decoder_answers_a_prompt(runs, call):
    answers = {
        call("generate", "--checkpoint", runs["denoise"], "--prompt=the cat", "--max-tokens=5", *options)[1]
        for options in ([], ["--beams=2"], ["--temperature=0"])
    }
    assert all(not answer.startswith("the cat") for answer in answers)


@pytest.mark.parametrize("view, rows", [("encoder", "3"), ("decoder", "2"), ("cross", "2")])
def test_the_three_maps_of_an_encoder_decoder(view, rows, runs, call, tmp_path):
    text, target = "[MASK][MASK]", "[MASK]"  # two tokens and the end; the start and one token
    code, _, err = call(
        "attention", "--checkpoint", runs["denoise"], "--view", view, "--text", text, "--target", target, "--out", tmp_path / "a.svg"
    )  # fmt: skip
    assert code == 0 and f"{view}, 1 layer × 2 heads, {rows} tokens" in err


BAD = {
    "no mask": (["fill", "--text=the cat"], "masked", "The text has no [MASK]"),
    "no text": (["fill", "--text="], "masked", "--text is empty"),
    "too long": (["fill", "--text=" + "[MASK]" * 20], "masked", "the model reads 16 at once"),
    "no fillings": (["fill", "--text=[MASK]", "--top=0"], "masked", "--top must be at least 1"),
    "a view of an encoder": (
        ["attention", "--text=a", "--view=cross", "--out=a.png"],
        "masked",
        "is for encoder-decoders",
    ),
    "a masked model writes no text": (["generate", "--prompt=the"], "masked", "an encoder, which writes no text"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, runs, call):
    command, name, told = BAD[case]
    code, out, err = call(*command, "--checkpoint", runs[name])
    assert (code, out) == (2, "") and told in err and len(err.splitlines()) == 2


@pytest.mark.parametrize(
    "options, told",
    [
        (["--objective=masked", "--noise=delete"], "--noise means nothing to the objective masked"),
        (["--rate=0.2"], "--rate means nothing to the objective causal"),
        (["--objective=masked", "--rate=1.5"], "rate is a share of the text"),
        (["--objective=masked", "--ngram=2"], "An encoder has no ngram"),
        (["--objective=masked", "--window=8"], "An encoder has no window"),
        (["--objective=masked", "--norm=rms"], "There is no norm 'rms'"),
        (["--objective=denoise", "--kv-heads=1"], "A transformer has no kv_heads"),
        (["--objective=denoise", "--positions=learned"], "A Transformer's positions are sinusoidal"),
        (["--objective=masked", "--untied"], "An encoder has no tie_head"),
        (["--objective=denoising"], "denoise"),
    ],
)
def test_options_that_do_not_go_together(options, told, sentences, call, tmp_path):
    code, _, err = call("pretrain", *SMALL, *options, "--text", sentences, "--out", tmp_path / "run")
    assert code == 2 and told in err and not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_values_of_the_laptop_give_way_to_those_named(name, sentences, call, tmp_path):
    """Merges of the objective's own are no error beside characters, which the command line asks for."""
    sizes = ["--layers=1", "--d-model=8", "--batch=2", "--steps=1", "--eval-batches=1", "--workers=1"]
    named = [*sizes, "--tokenizer=char", "--objective", name]
    code, _, err = call("pretrain", *named, "--text", sentences, "--out", tmp_path / "run")
    assert code == 0 and "8 wide" in err and load(tmp_path / "run")[1].to_json()["type"] == "char"


def test_another_objective_cannot_be_resumed(runs, call, tmp_path):
    shutil.copytree(runs["masked"], tmp_path / "run")
    code, _, err = call("pretrain", "--resume", "--objective=denoise", "--out", tmp_path / "run")
    assert code == 2 and "objective masked" in err


def test_what_was_chosen_is_written_down(runs):
    chosen = json.loads((runs["denoise"] / "trainer.json").read_text(encoding="utf-8"))["text"]["chosen"]
    assert chosen == {"objective": "denoise", "context": 16, "noise": "delete", "rate": None}


class Reader:
    """Says of each token what it is, be it a mask."""

    def __init__(self, vocab_size):
        self.eye = np.eye(vocab_size)

    def forward(self, ids, mask, places):
        return self.eye[ids[places]], None


class Oracle:
    """Answers as a perfect model would: it has read the validation batches."""

    def __init__(self, data, vocab_size):
        batches = [batch for size in (1, 16) for batch in data.validation_batches(size)]
        self.answers = {batch[0].tobytes(): batch.targets for batch in batches}
        self.eye = np.eye(vocab_size)

    def forward(self, source, *rest, places=None, **masks):
        targets = self.answers[source.tobytes()]
        return (self.eye[targets[places]] if places is not None else self.eye[targets]), None


def test_a_perfect_model_scores_a_hundred_percent(sentences, monkeypatch):
    text = sentences.read_text(encoding="utf-8")
    tokenizer = BPETokenizer.train(text, 40, ("[PAD]", "[MASK]", "<s>", "</s>"))
    ids, known = tokenizer.encode(text), tokenizer.special_tokens
    special = SpecialTokens(pad=known["[PAD]"], mask=known["[MASK]"], bos=known["<s>"], eos=known["</s>"])
    masked = MaskedData(Windows(ids, 14), special, tokenizer.vocab_size - 4)
    assert "text: 100.0% of" in fill_in_accuracy(Oracle(masked, tokenizer.vocab_size), masked, tokenizer)
    copies = Reader(tokenizer.vocab_size)
    assert "text: 0.0% of" in fill_in_accuracy(copies, masked, tokenizer), "a token that stands there is no hidden one"
    damaged = DenoisingData(Sentences(ids, 15, sentence_starts(ids, tokenizer)), special)
    oracle = Oracle(damaged, tokenizer.vocab_size)
    assert "text: 100.0% of" in token_accuracy(oracle, damaged, tokenizer)
    answers = (batch.targets[0, :-1].tolist() for batch in damaged.validation_batches(1))
    monkeypatch.setattr("minillm.pretraining.scores.answer", lambda *args, **options: next(answers))
    assert "20 of 20 of up to 8 words" in restored_sentences(oracle, damaged, tokenizer)
