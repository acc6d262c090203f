"""A model that comes with minillm is called by its name wherever the folder of a model is asked for, and nothing is written into it."""

import json
import shutil

import numpy as np
import pytest

import minillm
from minillm.cli import main
from minillm.errors import InputError
from minillm.weights import find, names

QUICK = ["--steps=2", "--batch=2", "--eval-every=2", "--workers=1"]


@pytest.fixture
def data():
    """Labelled texts and pairs, in the working folder."""
    with open("labelled.tsv", "w", encoding="utf-8") as file:
        file.writelines(f"a fox {'ran' if i % 2 else 'met'} a hen\t{'ran' if i % 2 else 'met'}\n" for i in range(30))
    with open("pairs.jsonl", "w", encoding="utf-8") as file:
        file.writelines(
            json.dumps({"prompt": "a fox", "chosen": " ran", "rejected": " " + "n" * (1 + i)}) + "\n" for i in range(12)
        )


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(capsys, *argv):
    assert main(list(argv)) == 2
    return capsys.readouterr().err.splitlines()[-2:]


def test_it_is_found_by_its_name(shipped):
    assert names() == ["fables"]
    assert find("fables") == find("fables/") == shipped / "fables"
    assert find("runs/fables") != shipped / "fables"


def test_a_program_loads_it_by_its_name(shipped):
    model, tokenizer = minillm.load("fables")
    again, _ = minillm.load(shipped / "fables")
    np.testing.assert_array_equal(model.vector.data, again.vector.data)
    assert len(minillm.write(model, tokenizer, "a fox", 5)) == len("a fox") + 5


def test_a_folder_of_that_name_wins(shipped, tmp_path):
    shutil.copytree(shipped / "fables", "fables")
    config = json.loads((shipped / "fables/config.json").read_text(encoding="utf-8"))
    with open("fables/config.json", "w", encoding="utf-8") as file:
        json.dump(config | {"heads": 4}, file)
    with pytest.raises(InputError, match=r"^fables"):
        minillm.load("fables")


def test_a_folder_of_that_name_that_lost_a_file_is_not_taken_for_it(shipped, tmp_path):
    shutil.copytree(shipped / "fables", "fables")
    (tmp_path / "here/fables/config.json").unlink()
    with pytest.raises(InputError, match=r"There is no fables.config\.json"):
        minillm.load("fables")


def test_a_folder_without_a_model_does_not_hide_it(shipped, tmp_path):
    (tmp_path / "here/fables").mkdir()
    assert find("fables") == shipped / "fables"


@pytest.mark.parametrize("command", [["generate"], ["fill", "--text=x"], ["attention", "--text=x", "--out=x.html"]])
def test_a_misspelt_name_gets_the_right_one(shipped, capsys, command):
    wrong, remedy = refused(capsys, *command, "--checkpoint", "fable")
    assert wrong == "There is no checkpoint fable."
    assert remedy == "Did you mean fables?"


def test_a_name_like_no_other_is_taken_for_a_folder(shipped, capsys):
    assert refused(capsys, "generate", "--checkpoint=runs/first")[1].startswith("Pretrain first")


def test_commands_that_read_take_it_by_its_name(shipped, capsys):
    assert main(["generate", "--checkpoint=fables", "--prompt=a fox", "--max-tokens=4"]) == 0
    assert capsys.readouterr().out.startswith("a fox")
    assert main(["attention", "--checkpoint=fables", "--text=a fox", "--out=map.html"]) == 0
    experts = ["--good-expert=fables", "--bad-expert=fables"]
    assert main(["generate", "--checkpoint=fables", "--max-tokens=4", *experts]) == 0


def test_fine_tuning_begins_with_it_and_goes_on_without_its_name(shipped, data, monkeypatch, tmp_path):
    before = contents(shipped)
    start = ["finetune", "--checkpoint=fables", "--data=labelled.tsv", "--out=tuned", "--freeze=0", *QUICK]
    assert main(start) == 0
    monkeypatch.chdir("tuned")
    assert main(["finetune", "--resume", "--out=.", "--steps=4"]) == 0
    assert main(["finetune", "--resume", "--out=.", "--steps=6", "--checkpoint=fables"]) == 0
    remembered = json.loads((tmp_path / "here/tuned/trainer.json").read_text(encoding="utf-8"))["text"]["chosen"]
    assert remembered["checkpoint"] == str(shipped / "fables")
    assert main(["classify", "--checkpoint=.", "--text=a fox ran"]) == 0
    assert contents(shipped) == before


def test_going_on_with_another_model_than_it_is_refused(shipped, data, capsys):
    assert main(["finetune", "--checkpoint=fables", "--data=labelled.tsv", "--out=tuned", *QUICK]) == 0
    shutil.copytree(shipped / "fables", "fables")  # from now on the name means this one
    wrong, _ = refused(capsys, "finetune", "--resume", "--out=tuned", "--steps=4", "--checkpoint=fables")
    assert "cannot change it" in wrong


def test_alignment_begins_with_it_and_goes_on(shipped, data, capsys):
    before = contents(shipped)
    assert main(["align", "--checkpoint=fables", "--pairs=pairs.jsonl", "--out=aligned", *QUICK]) == 0
    assert main(["align", "--resume", "--out=aligned", "--steps=4"]) == 0
    judge = ["align", "--checkpoint=fables", "--pairs=pairs.jsonl", "--method=reward", *QUICK]
    assert main([*judge, "--out=judge"]) == 0
    shutil.copytree("judge", shipped / "judge")
    shutil.rmtree("judge")
    sampled = ["--reward=judge", "--prompt-tokens=3", "--answer-tokens=3", "--group=2"]
    wrong, _ = refused(capsys, "align", "--checkpoint=fables", *sampled, "--out=sampled", *QUICK)
    assert "does not say what it was pretrained on" in wrong
    with open("prompts.txt", "w", encoding="utf-8") as file:
        file.write("a fox met a hen\n" * 20)
    again = ["--prompts=prompts.txt", "--out=sampled", *QUICK]
    assert main(["align", "--checkpoint=fables", *sampled, *again]) == 0
    assert main(["align", "--resume", "--out=sampled", "--steps=4"]) == 0
    assert main(["align", "--resume", "--out=sampled", "--steps=6", "--reward=judge"]) == 0
    shutil.rmtree(shipped / "judge")
    assert contents(shipped) == before


@pytest.mark.parametrize("out", ["fables", "new", "."])
def test_no_run_is_written_beside_it(shipped, data, capsys, out):
    before = contents(shipped)
    for command in (
        ["pretrain", "--preset=tiny"],
        ["finetune", "--checkpoint=fables", "--data=labelled.tsv"],
        ["align", "--checkpoint=fables", "--pairs=pairs.jsonl"],
    ):
        wrong, _ = refused(capsys, *command, *QUICK, "--overwrite", f"--out={shipped / out}")
        assert wrong.endswith("is for models that come with minillm.")
    assert contents(shipped) == before


def test_a_run_of_its_name_is_a_new_folder(shipped, data):
    before = contents(shipped)
    assert main(["finetune", "--checkpoint=fables", "--data=labelled.tsv", "--out=fables", *QUICK]) == 0
    assert find("fables").resolve() != shipped / "fables"
    assert contents(shipped) == before
