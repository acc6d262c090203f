"""python -m minillm models: the models that come with minillm."""

import shutil
from pathlib import Path

import pytest

from minillm.weights.card import CARD

HEAD = {"data": "old fables", "licence": "MIT", "loss": "2.345 nats a token", "command": "python -m minillm pretrain"}


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """An empty place for models that come with minillm."""
    monkeypatch.setattr("minillm.weights.SHIPPED", tmp_path / "weights")
    return tmp_path / "weights"


@pytest.fixture
def fables(call, finished_run, shipped):
    """A model that comes with minillm, with the head of its card written."""
    assert call("models", f"--pack={finished_run}", "--as=fables")[0] == 0
    card = shipped / "fables" / CARD
    text = card.read_text(encoding="utf-8")
    for key, value in HEAD.items():
        text = text.replace(f"{key}: ...", f"{key}: {value}")
    card.write_text(text, encoding="utf-8")
    return shipped / "fables"


def test_packing_says_what_is_still_to_be_written(call, finished_run, shipped):
    code, out, err = call("models", f"--pack={finished_run}", "--as=fables")
    assert (code, out) == (0, "")
    assert "parameters in" in err and "data, licence, loss, command, Data" in err
    assert (shipped / "fables" / CARD).exists()


def test_the_list_has_all_that_the_head_of_a_card_says(call, fables):
    code, out, _ = call("models")
    assert code == 0 and out.startswith("fables ")
    for value in ("million parameters", "MB", *HEAD.values()):
        assert value in out


def test_an_empty_list(call):
    assert call("models")[:2] == (0, "No models come with this copy of minillm.\n")


def test_a_name_shows_the_card(call, fables):
    code, out, _ = call("models", "fables")
    assert code == 0 and out.strip() == (fables / CARD).read_text(encoding="utf-8").strip()


def test_a_misspelt_name(call, fables):
    assert call("models", "fable")[2].splitlines() == ["No model fable comes with minillm.", "Did you mean fables?"]
    assert call("models", "zzz")[2].splitlines()[1].endswith("-m minillm models")


def test_a_model_that_was_packed_writes(call, fables):
    code, out, _ = call("generate", "--checkpoint=fables", "--prompt=the", "--max-tokens=5")
    assert code == 0 and out.startswith("the")


def test_a_model_with_control_tokens_is_asked_for_good_lines_by_its_name(call, tiny, shipped):
    Path("lines.txt").write_text("the fox ran home\n\nthe hen met it\n\n" * 100, encoding="utf-8")
    conditional = ["--text=lines.txt", "--preference=conditional", "--reward=length:10", "--threshold=-1"]
    assert call(*tiny, *conditional, "--out=run")[0] == 0
    assert call("models", "--pack=run", "--as=kind")[0] == 0
    for options in ([], ["--control=good"], ["--control=bad"], ["--control=off"], ["--guidance=2"]):
        assert call("generate", "--checkpoint=kind", "--prompt=the", "--max-tokens=5", *options)[0] == 0


def test_the_loss_on_a_text(call, fables, text_file):
    code, out, _ = call("models", "fables", f"--text={text_file}")
    assert code == 0 and "nats a token" in out and "bits a character" in out


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ([""], "NAME is empty."),
        (["--text=x.txt"], "--text alone means nothing."),
        (["--as=x"], "--as alone means nothing."),
        (["--overwrite"], "--overwrite alone means nothing."),
        (["--pack=x"], "--pack needs a name for the model."),
        (["fables", "--pack=x", "--as=y"], "--pack shows no card."),
        (["--pack=nowhere", "--as=y"], "There is no checkpoint nowhere."),
    ],
)
def test_options_that_mean_nothing(call, options, wrong):
    code, _, err = call("models", *options)
    assert code == 2 and err.splitlines()[0] == wrong


def test_a_name_is_not_replaced_unless_told_so(call, fables, finished_run):
    again = ["models", f"--pack={finished_run}", "--as=fables"]
    code, _, err = call(*again)
    assert code == 2 and "--overwrite" in err
    assert call(*again, "--overwrite")[0] == 0
    assert "licence: MIT" in (fables / CARD).read_text(encoding="utf-8")


def test_a_broken_card_is_two_lines(call, fables):
    shutil.copyfile(fables / "config.json", fables / CARD)
    code, _, err = call("models")
    assert code == 2 and "is no card of a model" in err
