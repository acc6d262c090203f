"""python -m minillm explain: what it says of runs that the commands made, and of folders that hold none."""

import json
import re
from pathlib import Path

import pytest

from minillm.cli import main


def explained(capsys, *argv) -> str:
    assert main(["explain", *map(str, argv)]) == 0
    return capsys.readouterr().out


def test_a_run_of_the_command_is_read_with_its_text_and_its_moments(finished_run, capsys):
    out = explained(capsys, finished_run)
    assert "step 40 of 40" in out and re.search(
        r"a blind guess has \d\.\d+, who knows the frequencies has \d\.\d+", out
    )
    assert "the moments of " in out and "the kept weights, measured anew" in out and "unseen" not in out


def test_a_rate_that_is_too_low_is_named_with_its_numbers_and_its_option(tiny, tmp_path, capsys):
    main([*tiny, "--lr=1e-7", f"--out={tmp_path / 'slow'}"])
    capsys.readouterr()
    out = explained(capsys, tmp_path / "slow")
    assert (
        "cause   the learning rate is too low" in out and "remedy  Train again with a higher rate: --lr 1e-03." in out
    )


def test_a_run_that_diverged_says_so_in_its_log_and_forgets_it_when_it_goes_on(tiny, tmp_path, capsys):
    folder = tmp_path / "wild"
    assert main([*tiny, "--lr=1e30", "--warmup=0", f"--out={folder}"]) == 2
    last = json.loads((folder / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert last.keys() == {"step", "diverged"}
    capsys.readouterr()
    assert "training diverged" in explained(capsys, folder)
    main(["pretrain", "--resume", f"--out={folder}"])
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum("diverged" in line for line in lines) == 1


def test_a_log_that_is_cut_off_in_the_middle_of_a_line(run_copy, capsys):
    whole = (run_copy / "log.jsonl").read_text(encoding="utf-8")
    (run_copy / "log.jsonl").write_text(whole[: len(whole) // 2], encoding="utf-8")
    assert "step 40 of 40" in explained(capsys, run_copy)


def test_a_run_of_an_earlier_version_lacks_what_only_it_knew(run_copy, capsys):
    path = run_copy / "trainer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["text"]["chance"], content["text"]["unigram"]
    path.write_text(json.dumps(content), encoding="utf-8")
    out = explained(capsys, run_copy)
    assert "a blind guess has" in out and "frequencies" not in out


def test_a_text_that_has_changed_is_not_looked_at(run_copy, tmp_path, capsys):
    other = tmp_path / "other.txt"
    other.write_text("something else, " * 100, encoding="utf-8")
    assert "unseen  its text: " in explained(capsys, run_copy, "--text", other)


def test_nothing_in_the_folder_changes(run_copy, capsys):
    before = {path.name: path.read_bytes() for path in run_copy.iterdir()}
    explained(capsys, run_copy)
    assert before == {path.name: path.read_bytes() for path in run_copy.iterdir()}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("nowhere", "There is no folder nowhere."),
        ("tales", "tales comes with minillm as it is, without the log of its training."),
        ("hf/config.json", "hf/config.json is a file, not a folder."),
        ("empty", "empty holds no run with a log and a state, which is what can be explained."),
        ("hf", "hf is a folder of Hugging Face, which has no log of its training."),
    ],
)
def test_a_folder_without_a_log_is_refused_in_two_lines(name, wrong, capsys):
    Path("empty").mkdir()
    Path("hf").mkdir()
    Path("hf/config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    assert main(["explain", name]) == 2
    assert capsys.readouterr().err.splitlines()[0] == wrong


def test_a_log_that_is_gone_is_not_taken_for_a_run_that_has_not_begun(run_copy, capsys):
    (run_copy / "log.jsonl").unlink()
    assert main(["explain", str(run_copy)]) == 2
    assert "has no line that can be read, though 40 steps of training are done" in capsys.readouterr().err


def test_a_classifier(finished_run, labelled, tmp_path, capsys):
    folder = tmp_path / "classifier"
    main(["finetune", f"--checkpoint={finished_run}", f"--data={labelled}", "--epochs=2", f"--out={folder}"])
    capsys.readouterr()
    out = explained(capsys, folder)
    assert out.startswith("run     classification, ") and "the text: what the tokenizer makes of it" in out


@pytest.mark.parametrize(("name", "value"), [("context", "long"), ("objective", ["causal"]), ("objective", "causal2")])
def test_what_the_folder_of_anybody_remembers_may_be_of_any_type(name, value, run_copy, capsys):
    path = run_copy / "trainer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["text"]["chosen"][name] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "unseen  its text: " in explained(capsys, run_copy)


def test_held_out_texts_elsewhere_are_named_before_they_are_read(finished_run, labelled, tmp_path, capsys):
    folder, given = tmp_path / "classifier", [f"--checkpoint={finished_run}", f"--data={labelled}", f"--dev={labelled}"]
    main(["finetune", *given, "--epochs=1", f"--out={folder}"])
    capsys.readouterr()
    assert main(["explain", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert err.count(f"reads   {labelled}, which") == 2
    assert "cause   what validates was read in training" in out
