"""start.py: the two commands of the README, without making an environment each time."""

import importlib.util
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "start.py"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py as a module in an empty folder, recording what it would run; every call succeeds."""
    spec = importlib.util.spec_from_file_location("start", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements.txt").write_text("numpy\n", encoding="utf-8")
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv/python")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/python").touch()
    module.calls = []
    monkeypatch.setattr(module, "call", lambda *arguments: module.calls.append(arguments) or 0)
    module.steps = []  # of the set-up
    monkeypatch.setattr(module, "succeeds", lambda *command, **options: module.steps.append(command) or True)
    return module


def run(start, monkeypatch, *arguments) -> int:
    monkeypatch.setattr("sys.argv", ["start.py", *arguments])
    return start.main()


def test_it_installs_once_and_again_when_the_requirements_change(start, monkeypatch):
    installs = lambda: sum("install" in step for step in start.steps)  # noqa: E731
    assert run(start, monkeypatch, "test") == 0 and installs() == 1
    assert run(start, monkeypatch, "test") == 0 and installs() == 1
    (start.HERE / "requirements.txt").write_text("numpy\ntqdm\n", encoding="utf-8")
    assert run(start, monkeypatch, "test") == 0 and installs() == 2


def test_the_tests_run_on_all_cores(start, monkeypatch):
    assert run(start, monkeypatch, "test") == 0
    assert start.calls == [("-m", "pytest", "-n", "auto", "--dist", "worksteal")]


def test_a_failed_install_is_tried_again(start, monkeypatch, capsys):
    monkeypatch.setattr(start, "succeeds", lambda *command, **options: "install" not in command)
    assert run(start, monkeypatch) == 2
    assert "online" in capsys.readouterr().out
    assert not list(start.VENV.glob("*.sha256"))


def test_an_environment_without_pip_is_made_anew(start, monkeypatch):
    def succeeds(*command, **options):
        start.steps.append(command)
        return "--version" not in command

    monkeypatch.setattr(start, "succeeds", succeeds)
    assert run(start, monkeypatch, "test") == 0
    assert [step[2] for step in start.steps] == ["pip", "venv", "pip"] and "--clear" in start.steps[1]
    start.steps.clear()
    assert run(start, monkeypatch, "test") == 0 and start.steps == [], "the second start asks nothing"


def test_ctrl_c_during_the_set_up(start, monkeypatch, capsys):
    def interrupt(*command, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "succeeds", interrupt)
    assert run(start, monkeypatch) == 130 and start.calls == []
    assert "Interrupted" in capsys.readouterr().out


def test_the_main_job_pretrains_then_writes_then_draws(start, monkeypatch):
    assert run(start, monkeypatch) == 0
    assert [call[2] for call in start.calls] == ["pretrain", "generate", "attention"]
    assert "--resume" not in start.calls[0]


def test_a_model_that_comes_with_minillm_writes_before_the_first_run(start, monkeypatch):
    (start.HERE / start.TALES).mkdir(parents=True)
    (start.HERE / start.TALES / "model.safetensors").touch()
    assert run(start, monkeypatch) == 0
    assert [call[2] for call in start.calls] == ["generate", "pretrain", "generate", "attention"]
    assert "tales" in start.calls[0] and start.RUN in start.calls[2]


def test_ctrl_c_while_it_writes_ends_the_start(start, monkeypatch):
    (start.HERE / start.TALES).mkdir(parents=True)
    (start.HERE / start.TALES / "model.safetensors").touch()
    monkeypatch.setattr(start, "call", lambda *arguments: 130 if "tales" in arguments else 0)
    assert run(start, monkeypatch) == 130


def test_the_main_job_goes_on_with_a_run_that_was_stopped(start, monkeypatch):
    (start.HERE / start.RUN).mkdir(parents=True)
    (start.HERE / start.RUN / "trainer.safetensors").touch()
    assert run(start, monkeypatch) == 0
    assert "--resume" in start.calls[0]


def test_the_code_of_the_step_that_failed_is_returned(start, monkeypatch):
    monkeypatch.setattr(start, "call", lambda *arguments: 130 if "pretrain" in arguments else 0)
    assert run(start, monkeypatch) == 130


def test_an_unknown_word_is_refused(start, monkeypatch, capsys):
    assert run(start, monkeypatch, "tset") == 2
    assert "Usage" in capsys.readouterr().out
