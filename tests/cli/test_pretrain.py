"""pretrain: what it writes and says, and that a resumed run is the run that never stopped."""

import io
import json
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from minillm.cli import main
from minillm.cli.pretrain import option
from minillm.pretraining import OBJECTIVES


def left(directory) -> dict:
    return {
        "arrays": {name: array.tobytes() for name, array in load_file(directory / "trainer.safetensors").items()},
        "model": (directory / "model.safetensors").read_bytes(),
        "log": (directory / "log.jsonl").read_text(encoding="utf-8"),
        "config": (directory / "config.json").read_text(encoding="utf-8"),
        "tokenizer": (directory / "tokenizer.json").read_text(encoding="utf-8"),
    }


def standard_input(monkeypatch, content: bytes, terminal=False):
    stream = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdin", stream)


def test_a_run_from_beginning_to_end(call, tiny, curves):
    code, out, err = call(*tiny, "--out", "my run")
    assert code == 0
    assert out == "", "there is no result to print: the run is the result"
    for told in ("device  cpu", "model   2 layers", "data    ", "ln ", "plan    40 steps", "step     20", "done    "):
        assert told in err
    names = ["config.json", "log.jsonl", "loss.png", "model.safetensors"]
    names += ["tokenizer.json", "trainer.json", "trainer.safetensors"]
    assert sorted(path.name for path in Path("my run").iterdir()) == names
    with open("my run/log.jsonl", encoding="utf-8") as file:
        log = [json.loads(line) for line in file]
    assert [entry["step"] for entry in log if "validation" in entry] == [0, 20, 40]
    assert [entry["step"] for entry in log if "loss" in entry] == [1, 10, 20, 30, 40]
    for command in re.findall(r"-m minillm (.*)", err):
        argv = shlex.split(command)
        assert "my run" in argv
        assert main([*argv, *(["--max-tokens=3"] if argv[0] == "generate" else [])]) == 0


def test_the_plan_is_for_the_steps_up_to_stop_at(call, tiny, plain, monkeypatch):
    monkeypatch.setattr("minillm.training.Trainer.seconds_per_step", lambda self: 3600.0)
    argv, again = [*tiny, "--out=run", "--eval-batches=1"], ["pretrain", "--resume", "--out=run"]
    assert "plan    2 steps to step 2 of 40, about 2 h 48 min on this machine" in call(*argv, "--stop-at=2")[2]
    assert "plan    3 steps to step 5 of 40, about 3 h 48 min on this machine" in call(*again, "--stop-at=5")[2]
    assert "plan    35 steps, about 36 h 12 min on this machine" in call(*again, "--stop-at=99")[2]


def test_the_plan_of_a_run_by_the_clock_is_for_the_steps_up_to_stop_at(call, tiny, plain):
    argv = [word for word in tiny if not word.startswith("--steps")]
    assert re.search(
        r"plan    1 step to step 1 of [\d,]+, about", call(*argv, "--out=run", "--minutes=1", "--stop-at=1")[2]
    )


def test_with_no_out_the_next_free_folder_is_taken(call, tiny, plain, tmp_path):
    for number in (1, 2):
        assert call(*tiny, "--steps=1")[0] == 0
        assert (tmp_path / "here" / f"runs/gpt-{number}/model.safetensors").exists()


@pytest.mark.parametrize(
    "more", [[], ["--dropout=0.2"], ["--accumulate=2", "--dropout=0.1", "--norm=post"], ["--optimizer=muon"]], ids=str
)
@pytest.mark.parametrize("stop", [20, 13, 40])
def test_stopped_and_resumed_is_never_stopped(call, tiny, plain, tmp_path, more, stop):
    assert call(*tiny, *more, "--out", tmp_path / "whole")[0] == 0
    code, _, err = call(*tiny, *more, "--out", tmp_path / "parts", "--stop-at", stop)
    assert code == 0
    if stop == 40:
        assert "done " in err
    else:
        assert f"Stopped after step {stop}" in err
        resume = shlex.split(re.search(r"-m minillm (pretrain --resume.*)", err)[1])
        assert call(*resume)[0] == 0
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


def test_the_same_seed_trains_the_same_model_and_another_another(call, tiny, plain, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert call(*tiny, "--steps=3", "--out", tmp_path / name, "--seed", seed)[0] == 0
    a, b, c = (left(tmp_path / name) for name in "abc")
    assert a == b
    assert a["model"] != c["model"] and a["log"] != c["log"]


def test_a_finished_run_may_be_made_longer(call, run_copy, plain):
    before = left(run_copy)
    code, _, err = call("pretrain", "--resume", "--out", run_copy)
    assert code == 0 and "plan    none: this run is finished, after 40 steps" in err
    assert left(run_copy) == before, "there was nothing left to do"
    assert call("pretrain", "--resume", "--out", run_copy, "--steps", "50")[0] == 0
    assert '"step": 50, "validation"' in left(run_copy)["log"]
    assert json.loads((run_copy / "trainer.json").read_text(encoding="utf-8"))["options"]["steps"] == 50


def test_a_log_with_more_than_numbers_is_no_obstacle(call, run_copy):
    with open(run_copy / "log.jsonl", "a", encoding="utf-8") as file:
        file.write(
            '{"step": 3, "loss": "x"}\n{"step": 4, "validation": null}\n{"step": 5, "loss": NaN}\n{"step": true}\n'
        )
    assert call("pretrain", "--resume", "--out", run_copy, "--steps=41")[0] == 0
    log = (run_copy / "log.jsonl").read_text(encoding="utf-8")
    assert '"x"' not in log and "null" not in log and "NaN" not in log and '"step": 41' in log


def test_a_picture_that_cannot_be_written_is_no_reason_to_stop(call, tiny, run_copy, curves):
    (run_copy / "loss.png").unlink()
    (run_copy / "loss.png").mkdir()
    code, _, err = call("pretrain", "--resume", "--out", run_copy, "--steps=41")
    assert code == 0 and "(No picture of the loss: " in err and "done  " in err


def test_the_prompt_to_try_a_model_with():
    task = OBJECTIVES["causal"](context=8)
    assert task.facts("x", "before " * 9 + "\n\nthe mo\x1bdel reads\x08 it").prompt == "the it"
    assert task.facts("x", "one\nx\n\ntwo\nthr").prompt == "two", "a model that knows no space"
    assert option("--prompt", "-x y") == "--prompt='-x y'" and option("--prompt", "x") == "--prompt x"


def test_the_command_that_began_a_run_with_resume_added_goes_on_with_it(call, tiny, run_copy, plain):
    assert call(*tiny, "--preset=laptop", "--out", run_copy, "--resume")[0] == 0


def test_a_size_for_the_minutes_is_told_and_stays_when_the_run_goes_on(call, text_file, plain, monkeypatch):
    monkeypatch.setattr("minillm.pretraining.job.seconds_of_step", lambda config, *_: 1e-9 * config.parameter_count())
    argv = ["pretrain", f"--text={text_file}", "--minutes=1", "--size=auto", "--context=16", "--workers=1", "--out=run"]
    code, _, err = call(*argv, "--stop-at=1")
    found = re.search(r"size    auto: (\d+) layers of (\d+), .* steps of \d+ ms in 1 min", err)
    assert code == 0 and f"model   {found[1]} layers" in err and f" {found[2]} wide" in err
    before = left(Path("run"))["config"]
    monkeypatch.setattr("minillm.pretraining.job.seconds_of_step", lambda config, *_: 1e-3 * config.parameter_count())
    for more in ([], argv[1:-1]):  # a machine that would choose a smaller one
        code, _, err = call("pretrain", "--resume", "--out=run", *more, f"--stop-at={2 + len(more)}")
        assert code == 0 and "size    auto" not in err
    assert left(Path("run"))["config"] == before


def test_from_standard_input(call, tiny, text_file, plain, monkeypatch, refused):
    argv = [*tiny, "--text=-", "--out=run"]
    standard_input(monkeypatch, text_file.read_bytes())
    assert call(*argv, "--stop-at=3")[0] == 0
    standard_input(monkeypatch, b"", terminal=True)
    assert refused("pretrain", "--resume", "--out=run")[0] == "This run read its text from standard input."
    standard_input(monkeypatch, text_file.read_bytes())
    assert call("pretrain", "--resume", "--out=run", "--stop-at=5")[0] == 0
    assert call("pretrain", "--resume", "--out=run", "--text", text_file)[0] == 0


def test_bpe_and_every_choice_of_model(call, tiny, plain):
    assert call(*tiny, "--steps=2", "--tokenizer=bpe", "--merges=20", "--out=bpe")[0] == 0
    choices = ["--activation=relu", "--norm=post", "--positions=sinusoidal", "--untied", "--no-bias", "--d-ff=24"]
    choices += ["--schedule=linear", "--label-smoothing=0.1", "--clip=0", "--warmup=0", "--eval-batches=1"]
    assert call(*tiny, *choices, "--steps=2", "--out=choices")[0] == 0
    llama = ["--activation=swiglu", "--norm=rms", "--positions=rotary", "--no-bias", "--kv-heads=1", "--window=3"]
    assert call(*tiny, *llama, "--steps=2", "--out=llama")[0] == 0
    for name in ("bpe", "choices", "llama"):
        assert call("generate", "--checkpoint", name, "--max-tokens=3", "--prompt=the")[0] == 0


def test_0_stands_for_the_usual_size(call, tiny, plain):
    assert call(*tiny, "--steps=1", "--out=usual")[0] == 0
    assert call(*tiny, "--steps=1", "--window=0", "--kv-heads=0", "--d-ff=0", "--out=zeros")[0] == 0
    assert Path("zeros/config.json").read_bytes() == Path("usual/config.json").read_bytes()


def test_the_help_says_what_0_stands_for(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["pretrain", "--help"])
    shown = "".join(capsys.readouterr().out.split())  # a line may break at a hyphen
    for said in ("(default0:asmany)", "(default0:all)", "(default0:4×d-model,withswiglu8/3)"):
        assert said in shown


def test_minutes(call, tiny, plain):
    argv = [word for word in tiny if not word.startswith("--steps")]
    code, _, err = call(*argv, "--out=run", "--minutes=0.01")
    assert code == 0 and "plan    1 s, about " in err and "done    1 s" in err
    with safe_open("run/trainer.safetensors", framework="numpy") as file:
        done = json.loads(file.metadata()["state"])["step"]
    assert call("pretrain", "--resume", "--out=run", f"--steps={done + 1}")[0] == 0, (
        "a run by the clock may go on by count"
    )


def test_a_run_that_diverges_stops_and_keeps_its_last_good_checkpoint(refused, call, tiny, plain):
    code, out, err = call(*tiny, "--out=run", "--lr=1e30", "--warmup=0", "--eval-every=1000")
    wrong, remedy = err.splitlines()[-2:]
    assert (code, out) == (2, "")
    assert "training diverged at learning rate 1e+30" in wrong
    assert (
        wrong.endswith("The last good checkpoint is kept in run.")
        and remedy == "Try a smaller one, such as --lr 1e-03."
    )
    assert "Traceback" not in err and "Warning" not in err
    for name in ("model", "trainer"):
        assert all(np.isfinite(array).all() for array in load_file(f"run/{name}.safetensors").values())
    assert call("generate", "--checkpoint=run", "--max-tokens=3")[0] == 0


def test_stopped_between_two_logged_steps_a_diverged_run_is_not_saved(call, tiny, plain):
    """At step 3 no loss has been looked at since step 1: the weights themselves must be."""
    code, _, err = call(*tiny, "--out=run", "--lr=1e30", "--warmup=0", "--stop-at=3")
    assert code == 2 and "by step 3" in err and "kept in run" in err
    assert all(np.isfinite(array).all() for array in load_file("run/trainer.safetensors").values())


def test_overwriting_removes_only_the_run_and_only_once_the_new_one_is_sure(
    call, tiny, run_copy, plain, snapshot, refused
):
    (run_copy / "notes.txt").write_text("mine", encoding="utf-8")
    before = snapshot(run_copy)
    for wrong in (
        ["--heads=3"],
        ["--text=nowhere"],
        ["--context=5000"],
        ["--lr=0"],
        ["--d-model=10000000"],
        ["--stop-at=0"],
    ):
        refused(*tiny, "--out", run_copy, "--overwrite", *wrong)
        assert snapshot(run_copy) == before
    assert call(*tiny, "--out", run_copy, "--overwrite", "--stop-at=3")[0] == 0
    assert (run_copy / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert '"step": 40' not in (run_copy / "log.jsonl").read_text(encoding="utf-8")
    assert not (run_copy / "loss.png").exists()
