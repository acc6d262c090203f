"""finetune --task chat, and the command that talks to what it made."""

import io
import json
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from minillm.cli import session
from minillm.finetuning.chat import read_conversations
from minillm.text.chat import ChatFormat
from minillm.training import load, save
from tests.cli.test_interruptions import state
from tests.cli.test_translate import interrupted, left
from tests.conversations import conversations, said, write_conversations

QUICK = ["--batch=4", "--steps=8", "--eval-every=4", "--lr=0.005"]
SIZES = ["--layers=1", "--heads=2", "--d-model=16", "--context=64", "--batch=4", "--steps=2", "--eval-every=2"]


@pytest.fixture(scope="session")
def chats(tmp_path_factory) -> Path:
    return write_conversations(tmp_path_factory.mktemp("chats") / "chats.jsonl", conversations(20))


@pytest.fixture(scope="session")
def gpt(chats, tmp_path_factory) -> Path:
    """A run of pretrain that has ended. Only to be read."""
    from minillm.cli import main

    text = tmp_path_factory.mktemp("text") / "text.txt"
    text.write_text(chats.read_text(encoding="utf-8") + "0123456789 /?", encoding="utf-8")
    directory = tmp_path_factory.mktemp("runs") / "gpt"
    assert main(["pretrain", f"--text={text}", *SIZES, f"--out={directory}"]) == 0
    return directory


@pytest.fixture(scope="session")
def learn(chats, gpt) -> list:
    return ["finetune", "--task=chat", "--data", str(chats), "--checkpoint", str(gpt), *QUICK]


@pytest.fixture(scope="session")
def chatter(learn, tmp_path_factory) -> Path:
    """A run that has ended. Only to be read."""
    from minillm.cli import main

    directory = tmp_path_factory.mktemp("runs") / "chatter"
    assert main([*learn, "--out", str(directory)]) == 0
    return directory


def test_a_run_from_beginning_to_end(call, curves, learn, gpt, chats, tmp_path):
    code, out, err = call(*learn, "--out", "my run")
    assert code == 0
    for told in (
        "device  cpu",
        "model   a GPT of 1 layer, 16 wide, context 64, vocabulary ",
        f" parameters, as {gpt} has it",
        "18 conversations to train on, 2 to validate; learned are 1",
        " tokens, those of the answers\n",
        "to be beaten, on 4 held-out answers:",
        "(the commonest answer)",
        "(the answer to the nearest question)",
        "plan    8 steps",
        "(to be beaten: exact ",
        " has the ",
        "done ",
    ):
        assert told in err, told
    assert len(re.findall(r"^exact .*, chrF2 ", out, re.MULTILINE)) == 3, "the model, and two to be beaten"
    assert (Path("my run") / "loss.png").exists()
    (command,) = re.findall(r"-m minillm (chat .*)", err)
    assert shlex.split(command) == ["chat", "--checkpoint", "my run"]


@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_and_resumed_is_never_stopped(call, learn, plain, tmp_path, workers):
    argv = [*learn, f"--workers={workers}"]
    assert call(*argv, "--out", tmp_path / "whole")[0] == 0
    code, out, err = call(*argv, "--out", tmp_path / "parts", "--stop-at=3")
    assert (code, out) == (0, "") and "Stopped after step 3" in err
    code, out, _ = call(*shlex.split(re.search(r"-m minillm (finetune --resume.*)", err)[1]))
    assert code == 0 and "exact" in out
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


def test_a_run_that_was_stopped_before_its_first_evaluation_goes_on(call, learn, plain, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(session, "announce_plan", interrupted)
        assert call(*learn, "--out", tmp_path / "parts")[0] == 130
    assert not (tmp_path / "parts/model.safetensors").exists()
    assert call("finetune", "--resume", "--out", tmp_path / "parts")[0] == 0
    assert call(*learn, "--out", tmp_path / "whole")[0] == 0
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


def test_a_model_that_chats_learns_from_pairs_of_answers(call, refused, pipe, chatter, gpt, plain, tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    record = {"chosen": said("Ann has the ball. Who?", "Ann."), "rejected": said("Ann has the ball. Who?", "the fox.")}
    pairs.write_text((json.dumps(record) + "\n") * 20, encoding="utf-8")
    argv = ["align", "--pairs", pairs, "--steps=20", "--eval-every=10", "--batch=4", "--lr=0.01"]
    code, out, err = call(*argv, "--checkpoint", chatter, "--out", tmp_path / "aligned")
    assert code == 0 and "18 pairs to train on, 2 held out" in err
    (command,) = re.findall(r"-m minillm (chat .*)", err)
    margins = [
        answer_loss(folder, record["rejected"]) - answer_loss(folder, record["chosen"])
        for folder in (chatter, tmp_path / "aligned")
    ]
    assert margins[1] > margins[0] + 1, "the chosen answer is likelier now, in nats beside the other"
    pipe("Ann has the ball. Who?\n")
    code, out, _ = call(*shlex.split(command), "--temperature=0")
    assert code == 0 and len(out.splitlines()) == 1
    assert "has no tokens for who speaks" in refused(*argv, "--checkpoint", gpt, "--out", tmp_path / "no")[0]


def answer_loss(folder: Path, messages: list) -> float:
    """Minus the log-probability of the last answer and its end, in nats."""
    model, tokenizer = load(folder)
    chat = ChatFormat(tokenizer)
    prompt, answer = chat.prompt(messages[:-1]), chat.answer(messages[-1]["content"])
    ids = np.concatenate([prompt, answer])
    logits = model.forward(ids[None, :-1])[0][0, len(prompt) - 1 :].astype(float)
    return float((np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(len(answer)), answer]).sum())


def test_held_out_conversations_of_their_own(call, refused, learn, plain, tmp_path):
    dev, run = write_conversations(tmp_path / "dev.jsonl", conversations(3, seed=9)), tmp_path / "run"
    code, _, err = call(*learn, "--dev", dev, "--out", run, "--stop-at=2")
    assert code == 0 and "20 conversations to train on, 3 to validate" in err
    assert call("finetune", "--resume", "--out", run)[0] == 0
    write_conversations(dev, conversations(3, seed=8))
    assert "does not hold what this run began with" in refused("finetune", "--resume", "--out", run)[0]


def test_long_conversations_are_told_of_by_their_line(call, learn, chats, plain, tmp_path):
    path = tmp_path / "long.jsonl"
    long = json.dumps({"messages": said("Who? " * 30, "Ann.")})
    path.write_text(chats.read_text(encoding="utf-8") + long + "\n", encoding="utf-8")
    code, _, err = call(*learn, "--data", path, "--dev", chats, "--out", tmp_path / "run", "--stop-at=1")
    assert code == 0 and "1 conversation of more than 65 tokens left out, the first in line 21" in err


def test_it_goes_on_from_what_has_learned_to_chat(call, refused, learn, chatter, plain, tmp_path):
    run = tmp_path / "run"
    assert call(*learn, "--checkpoint", chatter, "--out", run, "--steps=1")[0] == 0
    assert (run / "tokenizer.json").read_bytes() == (chatter / "tokenizer.json").read_bytes()
    wrong, _ = refused(*learn, "--checkpoint", run, "--out", run, "--overwrite")
    assert wrong == f"{run} holds the model to begin with."


def test_resume_alters_nothing_but_the_end(call, refused, learn, plain, tmp_path):
    run = tmp_path / "run"
    assert call(*learn, "--out", run, "--stop-at=2")[0] == 0
    for option in ("--task=classify", "--lr=1", "--dropout=0.3"):
        assert "--resume cannot change it" in refused("finetune", "--resume", "--out", run, option)[0]
    assert "not in epochs" in refused("finetune", "--resume", "--out", run, "--epochs=9")[0]
    assert call("finetune", "--resume", "--task=chat", "--out", run, "--steps=10")[0] == 0
    assert state(run)["step"] == 10


def test_what_it_made_is_judged_by_evaluate(call, chatter, chats):
    argv = ["evaluate", "--checkpoint", chatter, "--data", chats]
    code, out, _ = call(*argv, "--train", chats, "--json", "--save=answers.txt")
    found = json.loads(out)
    assert code == 0 and (found["unit"], found["count"]) == ("answer", 40)
    assert [each["name"] for each in found["measures"]] == ["exact", "chrF2", "nats a token"]
    assert {each["baseline"] for each in found["baselines"]} >= {
        "the commonest answer",
        "the answer to the nearest question",
    }
    assert len(Path("answers.txt").read_text(encoding="utf-8").splitlines()) == 40
    code, out, _ = call(*argv)
    assert code == 0 and "a GPT, 40 answers of " in out and re.search(r"line \d+: .* has the .*\n.*\(right: ", out)


@pytest.fixture
def typed(monkeypatch):
    """typed(lines): what a person types at a terminal; an exception in place of a line is raised there."""

    def type_in(*lines):
        waiting = [*lines, EOFError()]

        def read(prompt: str) -> str:
            line = waiting.pop(0)
            if isinstance(line, BaseException):
                raise line
            return line

        monkeypatch.setattr(sys, "stdin", io.StringIO())
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", read)

    return type_in


def test_in_a_pipe_each_line_is_answered_by_a_line_of_one_conversation(call, chatter, pipe):
    argv = ["chat", "--checkpoint", chatter, "--temperature=0", "--max-tokens=5"]
    pipe("Who?\n\nWho the key?\n/save talk.jsonl\n/reset\nWho?\n")
    code, out, err = call(*argv)
    answers = out.split("\n")
    assert (code, len(answers), answers[1]) == (0, 5, "") and answers[0] == answers[3]
    assert err == "(Saved: talk.jsonl)\n(Forgotten.)\n"
    (saved,) = read_conversations("talk.jsonl").messages
    assert saved == said("Who?", answers[0].strip(), "Who the key?", answers[2].strip())
    for text in ("Who?", "\ufeffWho?\r\n"):  # a BOM, as an editor of Windows puts it in front
        pipe(text)
        assert call(*argv) == (0, answers[0] + "\n", "")


def test_int8_answers_what_the_rounded_model_answers(call, chatter, pipe, tmp_path):
    save(tmp_path / "packed", *load(chatter), int8=True)
    answers = set()
    for folder, options in ((tmp_path / "packed", []), (tmp_path / "packed", ["--int8"]), (chatter, ["--int8"])):
        pipe("What is it?\n")
        answers.add(call("chat", "--checkpoint", folder, "--max-tokens=9", *options))
    assert len(answers) == 1 and answers.pop()[0] == 0


def test_at_a_terminal_errors_are_told_and_the_conversation_goes_on(call, chatter, typed):
    typed("/save x.jsonl", "/sing", "", "Who?\u732b", "Who? " * 30, "/save x.jsonl", "/save x.jsonl", "key")
    code, out, err = call("chat", "--checkpoint", chatter, "--max-tokens=5", "--seed=3")
    assert code == 0 and out.count("\n") == 2
    told = err.splitlines()
    assert told[0].startswith("Write a message; /reset begins anew")
    for line, words in zip(
        told[1:],
        (
            "There is nothing to save yet.",
            "There is no command '/sing'. There are /reset and /save FILE; a message that begins with a slash is written with two.",
            "(1 character that the model's tokenizer does not know left out.)",
            "The message, with what must stand around it, is too long: it has ",
            "(Saved: x.jsonl)",
            "x.jsonl exists already.",
            "",
        ),
        strict=True,
    ):
        assert line.startswith(words)


def test_no_name_of_a_file_ends_the_conversation(call, chatter, typed, monkeypatch):
    monkeypatch.setenv("HOME", str(Path.cwd() / "home"))
    monkeypatch.setenv("USERPROFILE", str(Path.cwd() / "home"))
    Path("link.jsonl").symlink_to("nowhere")
    typed("Who?", f"/save {'a' * 300}", "/save a\0b", "/save link.jsonl", "/save ~/talk.jsonl", "Who?")
    code, out, err = call("chat", "--checkpoint", chatter, "--max-tokens=5", "--temperature=0")
    long, nul, link, saved = err.splitlines()[1:-1]
    assert (code, out.count("\n")) == (0, 2) and read_conversations("home/talk.jsonl").lines == [1]
    assert "Choose a shorter name." in long and "is no name for a file." in nul and "exists already" in link
    assert saved == f"(Saved: {Path.cwd() / 'home' / 'talk.jsonl'})"


def test_ctrl_c_stops_an_answer_and_at_the_prompt_the_conversation(call, chatter, typed, monkeypatch):
    def stopped(*args, **settings):
        yield "Ann"
        raise KeyboardInterrupt

    monkeypatch.setattr("minillm.generation.chat.stream_continuation", stopped)
    typed("Who?", KeyboardInterrupt(), "/save x.jsonl", KeyboardInterrupt(), KeyboardInterrupt())
    code, out, err = call("chat", "--checkpoint", chatter)
    assert (code, out) == (130, "Ann\n") and err.endswith("Interrupted.\n")
    assert err.count("Ctrl-C again ends the conversation") == 2
    assert read_conversations("x.jsonl").messages == [said("Who?", "Ann")]
    typed(KeyboardInterrupt())  # there is nothing to lose yet
    assert call("chat", "--checkpoint", chatter)[0] == 130


def test_a_message_may_begin_with_a_slash(call, chatter, pipe, typed):
    argv = ["chat", "--checkpoint", chatter, "--temperature=0", "--max-tokens=5"]
    pipe("//Who?\n/save pipe.jsonl\n")
    assert call(*argv)[0] == 0
    typed("//Who?", "/save typed.jsonl")
    assert call(*argv)[0] == 0
    for path in ("pipe.jsonl", "typed.jsonl"):
        assert read_conversations(path).messages[0][0]["content"] == "/Who?"


def test_a_long_conversation_is_told_to_lose_its_beginning(call, chatter, pipe):
    pipe("Who has the key? 0123\nWho has the key? 4567\n")
    code, out, err = call("chat", "--checkpoint", chatter, "--max-tokens=40", "--system=the key")
    assert code == 0 and out.count("\n") == 2
    assert err == "(The model sees 64 tokens at once: it answers without the oldest 2 messages.)\n"


def test_a_folder_of_hugging_face_is_spoken_to_by_its_template(call, refused, pipe, tmp_path):
    pytest.importorskip("jinja2")
    from minillm.models import GPT
    from minillm.models.huggingface import save_pretrained
    from minillm.text.gpt2 import byte_characters

    folder, words = tmp_path / "gpt2", [*byte_characters(), "<|user|>", "<|im_end|>"]
    model = GPT(vocab_size=len(words), context=64, layers=1, heads=1, d_model=8)
    model.eos_token_id = [len(words) - 1]
    save_pretrained(model, folder)
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    settings = {"additional_special_tokens": words[-2:]}
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    argv = ["chat", "--checkpoint", folder, "--max-tokens=5"]
    wrong, remedy = refused(*argv)
    assert wrong == f"{folder} has not learned to chat." and "finetune --task chat --checkpoint" in remedy
    template = "{% for m in messages %}<|user|>{{ m.content }}<|im_end|>{% endfor %}"
    path.write_text(json.dumps(settings | {"chat_template": template}), encoding="utf-8")
    pipe("Hello\n")
    code, out, err = call(*argv)
    assert (code, err, out.count("\n")) == (0, "", 1)


# What must not happen -------------------------------------------------------------------------------------------------


def test_files_that_cannot_be_learned_from(refused, learn, tmp_path, snapshot):
    path = tmp_path / "bad.jsonl"
    for content, wrong in (
        ("", "holds no text"),
        ("Who?\tAnn.\n", f"Line 1 of {path} is no conversation: it is not JSON (line 1, column 1)."),
        (
            json.dumps({"messages": said("a")}),
            f"Line 1 of {path} is no conversation: the assistant says nothing in it.",
        ),
        (json.dumps({"messages": said("a", "b")}), "has 1 different conversation, too few"),
    ):
        path.write_text(content, encoding="utf-8")
        before = snapshot(tmp_path)
        assert wrong in refused(*learn, "--data", path, "--out=run")[0]
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--lora=2"], "--lora is for --task classify only"),
        (["--init=random"], "--init is for --task classify and --task answer only"),
        (["--context=9"], "--context is for --task translate and --task summarise only"),
        (["--checkpoint=nowhere"], "There is no checkpoint nowhere"),
        (["--checkpoint=reader"], "which does not go on with a text"),
        (["--batch=1000000000000", "--workers=1"], "This needs at least"),
    ],
    ids=str,
)
def test_options_that_no_run_can_have(refused, learn, tmp_path, snapshot, options, wrong):
    before = snapshot(tmp_path)
    assert wrong in refused(*learn, "--out=run", *options)[0] and snapshot(tmp_path) == before


def test_the_conversations_of_a_run_are_not_replaced(refused, learn, gpt, tmp_path):
    assert "--checkpoint is missing" in refused("finetune", "--task=chat", "--data=x", "--out=run")[0]
    assert "--data is missing" in refused("finetune", "--task=chat", "--checkpoint", gpt, "--out=run")[0]


def test_what_cannot_be_chatted_with(refused, gpt, pipe, chatter):
    assert refused("chat", "--checkpoint", gpt)[0] == f"{gpt} has not learned to chat."
    assert "Use a GPT." in refused("chat", "--checkpoint=reader")[1]
    assert "finetune --task chat" in refused("chat", "--checkpoint=nowhere")[1]
    assert "Name the folder that it lies in." in refused("chat", "--checkpoint", chatter / "model.safetensors")
    assert "--max-tokens must be 1 or more" in refused("chat", "--checkpoint", chatter, "--max-tokens=0")[0]
    assert "temperature" in refused("chat", "--checkpoint", chatter, "--temperature=-1")[0]
    assert refused("chat", "--checkpoint", chatter, "--system=" + "key" * 30)[0].startswith(
        "The system's message is too long"
    )
    pipe("/sing\n")
    assert refused("chat", "--checkpoint", chatter)[0] == "Line 1 of standard input: There is no command '/sing'."
