"""--resume of a run with a reward: nobody's code runs unless the user names it, and the reward is the one that the run began with."""

import importlib.util
import json
import os
import py_compile

import pytest

from minillm.cli import main
from tests.words import WORDS

SCORE = "open('RAN', 'a').close()\ndef score(texts):\n    return [-0.5 for text in texts]\n"
OTHER = SCORE.replace("0.5", "0.25")
QUICK = ["--batch=4", "--steps=2", "--eval-every=2"]
PRETRAIN = ["pretrain", "--layers=1", "--heads=2", "--d-model=8", "--context=12", *QUICK]


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """A text of lines, in documents that blank lines part."""
    path = tmp_path_factory.mktemp("documents") / "documents.txt"
    lines = [" ".join(WORDS[i % 7 : i % 7 + 3]) + "\n" * (i % 5 == 0) for i in range(60)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def align(documents, tmp_path_factory) -> list[str]:
    """The arguments of a run of align that takes a blink, but for the method and --out."""
    model = tmp_path_factory.mktemp("runs") / "model"
    assert main([*PRETRAIN, f"--text={documents}", f"--out={model}"]) == 0
    return ["align", f"--checkpoint={model}", *QUICK]


@pytest.fixture(scope="module")
def sampled(align, documents) -> list[str]:
    return [*align, f"--prompts={documents}", "--prompt-tokens=4", "--answer-tokens=4", "--group=2"]


@pytest.fixture(params=["align", "pretrain"])
def begin(request, documents, sampled, call, tmp_path):
    """begin(reward) -> a run of two steps with this reward."""
    pretrain = [*PRETRAIN, "--preference=conditional", "--threshold=-1", f"--text={documents}"]

    def start(reward):
        argv = sampled if request.param == "align" else pretrain
        code, _, err = call(*argv, f"--reward={reward}", f"--out={tmp_path / 'run'}")
        assert code == 0, err
        return tmp_path / "run"

    start.resume = [request.param, "--resume", "--steps=3", f"--out={tmp_path / 'run'}"]
    return start


@pytest.fixture
def code_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SCORE, encoding="utf-8")
    return path


def remembered(run) -> dict:
    return json.loads((run / "trainer.json").read_text(encoding="utf-8"))["text"]["chosen"]


def remember(run, **values):
    content = json.loads((run / "trainer.json").read_text(encoding="utf-8"))
    content["text"]["chosen"].update(values)
    (run / "trainer.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_file_that_only_the_folder_names_is_not_run(begin, refused, tmp_path):
    """As in a folder that somebody else sent, with trainer.json and a Python file in it."""
    run = begin("length:10")
    (run / "notes.py").write_text(SCORE, encoding="utf-8")
    for form in (f"{run / 'notes.py'}:score", os.path.relpath(run / "notes.py") + ":score"):
        remember(run, reward=form)
        wrong, _ = refused(*begin.resume)
        assert form in wrong and not os.path.exists("RAN")
        wrong, _ = refused(*begin.resume, "--reward=length:10")
        assert form in wrong and "cannot change it to length:10" in wrong and not os.path.exists("RAN")
    assert refused(*begin.resume, f"--reward={run / 'notes.py'}:other")[0].startswith("This run has the reward")


def test_a_file_runs_when_the_user_names_it_again(begin, call, refused, code_file):
    run = begin(f"{code_file}:score")
    os.remove("RAN")
    wrong, remedy = refused(*begin.resume)
    assert wrong == f"The reward {code_file}:score is a Python file, which is run only if you name it yourself."
    assert remedy == f"If you trust it, add --reward {code_file}:score" and not os.path.exists("RAN")
    code, _, err = call(*begin.resume, f"--reward={code_file}:score")
    assert code == 0 and os.path.exists("RAN"), err
    assert len(remembered(run)["reward_sha256"]) == 64


def test_a_file_that_was_edited_is_not_run(begin, refused, code_file):
    begin(f"{code_file}:score")
    os.remove("RAN")
    code_file.write_text(OTHER, encoding="utf-8")
    wrong, _ = refused(*begin.resume, f"--reward={code_file}:score")
    assert wrong == f"{code_file} is not what it was when this run began." and not os.path.exists("RAN")


def test_the_path_is_whole_so_that_no_other_file_of_that_name_is_taken(
    begin, call, refused, code_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run = begin("mine.py:score")
    assert remembered(run)["reward"] == f"{code_file}:score"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "mine.py").write_text(SCORE, encoding="utf-8")
    assert "cannot change it to mine.py:score" in refused(*begin.resume, "--reward=mine.py:score")[0]
    code, _, err = call(*begin.resume, "--reward=../mine.py:score")
    assert code == 0, err


def test_a_word_list_is_found_again_and_known_if_it_changed(begin, call, refused, tmp_path, monkeypatch):
    words = tmp_path / "words.txt"
    words.write_text("model\ntoken\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run = begin("words:words.txt")
    assert remembered(run)["reward"] == f"words:{words}"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    words.write_text("model\nmistakes\n", encoding="utf-8")
    assert refused(*begin.resume)[0] == f"{words} is not what it was when this run began."
    words.write_text("model\ntoken\n", encoding="utf-8")
    code, _, err = call(*begin.resume)
    assert code == 0, err


@pytest.mark.skipif(os.name != "posix", reason="pipes have no names here")
def test_a_word_list_that_only_the_folder_names_must_be_a_file(begin, refused, tmp_path):
    run = begin("length:10")
    os.mkfifo(tmp_path / "pipe")
    remember(run, reward=f"words:{tmp_path / 'pipe'}")
    assert refused(*begin.resume)[0] == f"{tmp_path / 'pipe'} is no file."


def test_runs_from_before_the_path_was_whole_are_read(begin, call, refused, code_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("model\n", encoding="utf-8")
    run = begin("mine.py:score")
    for form in ("mine.py:score", "words:words.txt"):
        remember(run, reward=form, reward_sha256=None)
        assert form in refused(*begin.resume)[0]
        code, _, err = call(*begin.resume, f"--reward={form}")
        assert code == 0, err
        assert str(tmp_path) in remembered(run)["reward"] and len(remembered(run)["reward_sha256"]) == 64


def test_what_runs_is_the_file_and_no_compiled_copy_of_another(begin, call, code_file, tmp_path):
    other = tmp_path / "other.py"
    other.write_text("open('OTHER', 'w').close()\n" + SCORE, encoding="utf-8")
    copy = importlib.util.cache_from_source(str(code_file))
    py_compile.compile(str(other), copy, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    begin(f"{code_file}:score")
    assert os.path.exists("RAN") and not os.path.exists("OTHER")


def test_a_reward_model_that_was_trained_anew_is_another_one(call, refused, align, sampled, tmp_path):
    pairs = [{"prompt": "the ", "chosen": "model"[: 1 + i % 4], "rejected": "a"} for i in range(12)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")
    judge = [*align, f"--pairs={tmp_path / 'pairs.jsonl'}", "--method=reward", f"--out={tmp_path / 'judge'}"]
    assert main(judge) == 0
    assert main([*sampled, f"--reward={tmp_path / 'judge'}", f"--out={tmp_path / 'run'}"]) == 0
    resume = ["align", "--resume", "--steps=3", f"--out={tmp_path / 'run'}"]
    code, _, err = call(*resume)
    assert code == 0, err
    assert main([*judge, "--seed=5", "--overwrite"]) == 0
    assert refused(*resume)[0] == f"{tmp_path / 'judge'} is not what it was when this run began."


def test_the_help_says_that_a_file_is_run(capsys):
    for command in ("pretrain", "align", "generate"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "FILE.py:NAME, a function in a Python file, which is run" in " ".join(capsys.readouterr().out.split())
