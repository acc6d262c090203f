"""finetune --task answer, and the command that asks what it made."""

import json
import re
import shlex
from pathlib import Path

import pytest

from minillm.cli import session
from minillm.models import Encoder, EncoderConfig
from minillm.models.huggingface import save_pretrained
from tests.cli.test_interruptions import state
from tests.cli.test_translate import interrupted, left
from tests.questions import VOCABULARY, questions, write_questions

QUICK = ["--batch=4", "--steps=8", "--eval-every=4", "--lr=0.005"]


@pytest.fixture(scope="session")
def squad(tmp_path_factory) -> Path:
    return write_questions(tmp_path_factory.mktemp("questions") / "squad.json", questions(20))


@pytest.fixture(scope="session")
def bert(tmp_path_factory) -> Path:
    """A folder of Hugging Face, without a head."""
    folder = tmp_path_factory.mktemp("bert")
    sizes = {"context": 24, "layers": 2, "heads": 2, "d_model": 16, "d_ff": 16}
    save_pretrained(Encoder(EncoderConfig(len(VOCABULARY), **sizes)), folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def learn(squad, bert) -> list:
    return ["finetune", "--task=answer", "--data", str(squad), "--checkpoint", str(bert), *QUICK]


@pytest.fixture(scope="session")
def answerer(learn, tmp_path_factory) -> Path:
    """A run that has ended. Only to be read."""
    from minillm.cli import main

    directory = tmp_path_factory.mktemp("runs") / "answerer"
    assert main([*learn, "--out", str(directory)]) == 0
    return directory


@pytest.fixture
def village() -> Path:
    path = Path("village.txt")
    path.write_text("Ann went\nto  Rome\r\nin May.\n", encoding="utf-8", newline="")
    return path


def test_a_run_from_beginning_to_end(call, curves, learn, bert, pipe):
    code, out, err = call(*learn, "--out", "my run")
    assert code == 0
    for told in (
        "device  cpu",
        "model   a question answerer of 2 layers, 16 wide, context 24: ",
        f" parameters, the body as {bert} has it",
        "54 questions on 18 passages to train on, 6 questions on 2 passages to validate",
        "a blind guess, of a token in its window: 2.",
        "(the sentence most like the question)",
        "plan    8 steps",
        " without the question\n",
        "Who went? -> ",
        "done ",
    ):
        assert told in err
    assert len(re.findall(r"^F1 .*, EM ", out, re.MULTILINE)) == 3, "the model, and two to be beaten"
    assert "(the same model without the question" in out and (Path("my run") / "loss.png").exists()
    (command,) = re.findall(r"-m minillm (answer .*)", err)
    pipe("Ben to Lima in June went. 5\n")
    code, out, _ = call(*shlex.split(command))
    assert code == 0 and out.count("\n") == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_and_resumed_is_never_stopped(call, learn, plain, tmp_path, workers):
    argv = [*learn, f"--workers={workers}"]
    assert call(*argv, "--out", tmp_path / "whole")[0] == 0
    code, out, err = call(*argv, "--out", tmp_path / "parts", "--stop-at=3")
    assert (code, out) == (0, "") and "Stopped after step 3" in err
    code, out, _ = call(*shlex.split(re.search(r"-m minillm (finetune --resume.*)", err)[1]))
    assert code == 0 and "EM" in out
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


@pytest.mark.parametrize("init", ["pretrained", "random"])
def test_it_begins_with_a_run_of_pretrain(call, plain, squad, masked_run, village, tmp_path, init):
    argv = ["finetune", "--task=answer", "--data", squad, "--checkpoint", masked_run, "--init", init, *QUICK]
    code, _, err = call(*argv, "--out", tmp_path / "run")
    assert code == 0 and ("random weights" if init == "random" else f"the body as {masked_run} has it") in err
    assert (tmp_path / "run/tokenizer.json").read_bytes() == (masked_run / "tokenizer.json").read_bytes()
    assert call("finetune", "--resume", "--out", tmp_path / "run", "--steps=10")[0] == 0
    code, out, _ = call("answer", "--checkpoint", tmp_path / "run", "--context", village, "--question=Who?")
    assert code == 0 and out.count("\n") == 1


def test_held_out_questions_of_their_own(call, refused, learn, plain, tmp_path):
    dev = write_questions(tmp_path / "dev.json", questions(2, seed=9))
    run = tmp_path / "run"
    code, _, err = call(*learn, "--dev", dev, "--out", run, "--stop-at=2")
    assert code == 0 and "60 questions on 20 passages to train on, 6 questions on 2 passages to validate" in err
    assert call("finetune", "--resume", "--out", run)[0] == 0
    write_questions(dev, questions(2, seed=8))
    assert "does not hold what this run began with" in refused("finetune", "--resume", "--out", run)[0]


def test_windows_and_questions_without_an_answer_are_told_of(call, learn, plain, tmp_path):
    long = questions(20)
    long.passages[4] += " went" * 40
    long.answers[50], long.starts[50] = [""], [None]
    path = write_questions(tmp_path / "long.json", long)
    code, _, err = call(*learn, "--data", path, "--dev", path, "--out", tmp_path / "run", "--stop-at=1")
    assert code == 0 and re.search(r"\d+ of \d+ windows do not hold the answer, and point at \[CLS\]", err)


def test_an_answer_with_its_place(call, answerer, village, pipe):
    """Its characters, counted in the text with its new lines as one character each."""
    text = village.read_text(encoding="utf-8")
    pipe("Who went?\nWhere went?\n")
    code, out, err = call("answer", "--checkpoint", answerer, "--context", village)
    answers = out.splitlines()
    assert (code, err, len(answers)) == (0, "", 2)
    for line in answers:
        words, probability, where, place = line.split("\t")
        start, end = map(int, re.fullmatch(r"characters (\d+) to (\d+)", place).groups())
        assert words == " ".join(text[start:end].split()) and 0 < float(probability) < 1
        assert where == f"line {1 + text[:start].count(chr(10))}"
    assert (
        call("answer", "--checkpoint", answerer, "--context", village, "--question=Who went?")[1] == answers[0] + "\n"
    )
    pipe(text)
    assert call("answer", "--checkpoint", answerer, "--context=-", "--question=Who went?")[1] == answers[0] + "\n"


def test_it_says_that_there_is_no_answer(call, answerer, village):
    argv = ["answer", "--checkpoint", answerer, "--context", village, "--question=Who went?"]
    probability = call(*argv)[1].split("\t")[1]
    assert call(*argv, "--threshold=0.999")[1] == f"\t{probability}\tnone\n"
    Path("empty.txt").write_text(" \u200b \n", encoding="utf-8")
    assert call(*argv, "--context=empty.txt")[1] == "\t1.000\tnone\n"


def test_what_it_made_is_judged_by_evaluate(call, answerer, squad):
    code, out, _ = call("evaluate", "--checkpoint", answerer, "--data", squad, "--json")
    names = {each["baseline"] for each in json.loads(out)["baselines"]}
    assert code == 0 and names == {"the sentence most like the question", "the same model without the question"}


def test_a_line_without_a_question_has_no_answer_and_the_others_have_theirs(call, answerer, village, pipe):
    argv = ["answer", "--checkpoint", answerer, "--context", village]
    pipe("Who went?\n\nWhere went?\n")
    code, out, _ = call(*argv)
    alone = [call(*argv, f"--question={question}")[1] for question in ("Who went?", "Where went?")]
    assert code == 0 and out == alone[0] + "\t1.000\tnone\n" + alone[1]


# What must not happen -------------------------------------------------------------------------------------------------


def test_files_that_cannot_be_learned_from(refused, learn, tmp_path, snapshot):
    path, asked = tmp_path / "bad.json", questions(20)
    wrong_place, nowhere, empty = (questions(20) for _ in range(3))
    wrong_place.starts[7] = [0 if wrong_place.starts[7] != [0] else 3]
    nowhere.answers[7] = ["Paris"]
    empty.questions[7] = " "
    for content, wrong in (
        ("", "holds no text"),
        ("Ann went to Rome.\n", "it is not JSON (line 1, column 1)"),
        ('{"data": {}}', 'the file has no list "data"'),
        (wrong_place, "The answer 'Rome' to question '2 Where' does not begin at character 0"),
        (nowhere, f"The answer 'Paris' to question {asked.ids[7]!r} is not in its paragraph"),
        (empty, "question 8 is empty"),
        (questions(9), "has 9 different paragraphs, too few"),
    ):
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            write_questions(path, content)
        before = snapshot(tmp_path)
        said = refused(*learn, "--data", path, "--out=run")
        assert wrong.replace("'Rome'", repr(asked.answers[7][0])) in said[0]
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--lora=2"], "--lora is for --task classify only"),
        (["--freeze=body"], "--freeze is for --task classify only"),
        (["--layers=2"], "--layers is for --task translate and --task summarise only"),
        (["--task=translate", "--init=random"], "--init is for --task classify and --task answer only"),
        (["--label-smoothing=0.1"], "--label-smoothing"),
        (["--checkpoint=nowhere"], "There is no checkpoint nowhere"),
        (["--batch=1000000000000", "--workers=1"], "This needs at least"),
    ],
    ids=str,
)
def test_options_that_no_run_can_have(refused, learn, tmp_path, snapshot, options, wrong):
    before = snapshot(tmp_path)
    assert wrong in refused(*learn, "--out=run", *options)[0] and snapshot(tmp_path) == before


def test_models_of_the_wrong_kind(refused, finished_run, masked_run, squad, village, tmp_path):
    argv = ["finetune", "--task=answer", "--data", squad, "--out", tmp_path / "run"]
    assert "This is a GPT" in refused(*argv, "--checkpoint", finished_run)[0]
    wrong, remedy = refused(*argv)
    assert "--checkpoint is missing" in wrong and remedy.endswith("--checkpoint reader")
    for run in (finished_run, masked_run):
        wrong, remedy = refused("answer", "--checkpoint", run, "--context", village, "--question=a")
        assert "does not answer questions" in wrong and "finetune --task answer" in remedy


def test_what_cannot_be_asked(refused, answerer, village):
    argv = ["answer", "--checkpoint", answerer, "--context", village]
    assert "The question is empty" in refused(*argv, "--question", " ")[0]
    assert "can't be both" in refused(*argv[:3], "--context=-")[0]
    assert "There is no file" in refused(*argv[:3], "--context=nowhere.txt", "--question=a")[0]
    assert "--threshold must lie in" in refused(*argv, "--question=a", "--threshold=2")[0]


def test_a_run_that_was_stopped_before_its_first_evaluation_goes_on(call, learn, plain, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(session, "announce_plan", interrupted)
        assert call(*learn, "--out", tmp_path / "parts")[0] == 130
    assert not (tmp_path / "parts/model.safetensors").exists()
    assert call("finetune", "--resume", "--out", tmp_path / "parts")[0] == 0
    assert call(*learn, "--out", tmp_path / "whole")[0] == 0
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


def test_resume_alters_nothing_but_the_end(call, refused, learn, plain, tmp_path):
    run = tmp_path / "run"
    assert call(*learn, "--out", run, "--stop-at=2")[0] == 0
    for option in ("--task=classify", "--lr=1", "--dropout=0.3", "--init=random"):
        assert "--resume cannot change it" in refused("finetune", "--resume", "--out", run, option)[0]
    assert "not in epochs" in refused("finetune", "--resume", "--out", run, "--epochs=9")[0]
    assert call("finetune", "--resume", "--task=answer", "--out", run, "--steps=10")[0] == 0
    assert state(run)["step"] == 10


def test_a_question_answerer_is_taught_more(call, refused, learn, answerer, plain, tmp_path):
    run = tmp_path / "run"
    assert call(*learn, "--checkpoint", answerer, "--out", run, "--steps=1")[0] == 0
    wrong, _ = refused(*learn, "--checkpoint", run, "--out", run, "--overwrite")
    assert wrong == f"{run} holds the model to begin with."
