"""A run's files are read again as they were written, and damaged ones are refused."""

import json
import os

import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from minillm.errors import InputError
from minillm.models import config_to_dict
from minillm.training import load
from minillm.training import run as run_module
from minillm.training.run import LOG, OPTIONS, STATE


def change_json(path, **changes):
    content = json.loads(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        part, key = name.split("__")
        content[part][key] = value
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.write_text("{", encoding="utf-8"),
        lambda p: p.write_text("[]", encoding="utf-8"),
        lambda p: p.write_text("{}", encoding="utf-8"),
        lambda p: p.write_text('{"options": [], "text": {}}', encoding="utf-8"),
        lambda p: p.write_text('{"options": 5, "text": 5}', encoding="utf-8"),
        lambda p: p.write_bytes(b"\xff\xfe"),
        lambda p: change_json(p, options__extra=1),
        lambda p: change_json(p, options__steps=40.0),
        lambda p: change_json(p, options__steps=-1),
        lambda p: change_json(p, options__lr="fast"),
        lambda p: change_json(p, options__lr=float("nan")),
        lambda p: change_json(p, options__minutes="5"),
        lambda p: change_json(p, text__source=5),
        lambda p: change_json(p, text__sha256=None),
    ],
)
def test_damaged_options_are_refused(tmp_path, begin, damage):
    folder, _ = begin(tmp_path / "run")
    damage(folder.path(OPTIONS))
    with pytest.raises(InputError, match=r"trainer\.json") as caught:
        folder.read_options()
    assert "\n" not in caught.value.wrong + caught.value.remedy


def test_options_come_back(tmp_path, begin, facts):
    folder, trainer = begin(tmp_path / "run", lr=0.1 + 0.2, eval_batches=3, minutes=1)
    assert folder.read_options() == (trainer.options, facts)


def set_state(path, **changes):
    with safe_open(path, framework="numpy") as file:
        state = json.loads(file.metadata()["state"])
    run_module.save_tensors(path, load_file(path), {"state": json.dumps(state | changes)})


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: os.truncate(p, os.path.getsize(p) - 1),
        lambda p: p.write_bytes(b""),
        lambda p: run_module.save_tensors(p, load_file(p)),
        lambda p: run_module.save_tensors(p, load_file(p), {"state": "[]"}),
        lambda p: run_module.save_tensors(p, load_file(p), {"state": "{"}),
        lambda p: set_state(p, step=-1),
        lambda p: set_state(p, step=None),
        lambda p: set_state(p, step=float("inf")),
        lambda p: set_state(p, elapsed=float("nan")),
        lambda p: set_state(p, best_loss="low"),
        lambda p: run_module.save_tensors(p, {n: a[:-1] for n, a in load_file(p).items()}, {"state": "{}"}),
    ],
)
def test_a_damaged_state_is_refused_and_the_trainer_left_as_it_was(tmp_path, begin, make_trainer, damage):
    folder, _ = begin(tmp_path / "run")
    damage(folder.path(STATE))
    trainer = make_trainer()
    before = trainer.model.vector.data.copy()
    with pytest.raises(InputError, match=r"trainer\.safetensors"):
        folder.load(trainer)
    assert (trainer.model.vector.data == before).all() and trainer.steps_done == 0


def test_a_tokenizer_of_another_vocabulary_is_refused(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    folder.save(trainer, best=True)
    folder.path("tokenizer.json").write_text('{"type": "char", "characters": "abc"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"tokenizer\.json knows 3 tokens, and the model 1\d"):
        load(tmp_path / "run")


def test_a_config_larger_than_the_state_is_refused_before_memory_is_asked_for(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    config = config_to_dict(trainer.model.config) | {"layers": 10**12}
    folder.path("config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(InputError, match=r"trainer\.safetensors is damaged or cut short"):
        folder.config()


def test_a_log_of_damaged_lines_is_read_as_far_as_it_goes(tmp_path, begin):
    folder, _ = begin(tmp_path / "run")
    folder.path(LOG).write_bytes(b'{"step": 1, "loss": 2.0}\n\xff\xfe\n[]\n{"step": "x"}\n{"loss": 1}\n{"step": 2, "lo')
    assert folder.read_log() == [{"step": 1, "loss": 2.0}]
