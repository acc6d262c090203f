"""The program as a whole: its overview, its help, its errors, and what it loads."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from minillm.cli import COMMANDS, main
from minillm.cli.parser import Parser
from minillm.cli.terminal import PROGRAM, program, shell_word, visible
from minillm.errors import InputError


def edit(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after this code."""
    code += "\nimport sys\nprint(*{name.split('.')[0] for name, module in sys.modules.items() if module})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"matplotlib", "cupy", "tqdm", "torch", "numpy", "safetensors", "PIL"}
    return heavy & set(answer.stdout.splitlines()[-1].split())


def test_importing_loads_only_what_is_needed():
    assert loaded_by("import minillm") == set()
    assert loaded_by("import minillm.models, minillm.generation, minillm.objectives, minillm.text") == {"numpy"}
    assert loaded_by("import minillm.training") == {"numpy"}
    assert loaded_by("from minillm.plots import save_html") == {"numpy"}
    assert loaded_by("from minillm.cli import main; main([])") == set()


def test_writing_loads_numpy_and_nothing_else_that_is_heavy(finished_run):
    """But CuPy, where it is installed: whether there is a GPU is for CuPy to say."""
    code = "import sys; sys.modules['cupy'] = None; from minillm.cli import main; "
    assert loaded_by(f"{code}main(['generate', r'--checkpoint={finished_run}', '--max-tokens=1'])") == {"numpy"}


def test_the_overview_names_every_command_and_three_examples(call):
    code, out, err = call()
    assert (code, err) == (0, "")
    assert all(f"\n  {name} " in out for name in COMMANDS)
    assert (
        out.count("-m minillm pretrain") == out.count("-m minillm generate") == out.count("-m minillm attention") == 1
    )
    assert call("--help") == call("-h") == (0, out, "")


def test_the_version(call):
    assert call("--version")[1].startswith("minillm ")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_an_example(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("example: ") and f"-m minillm {name}" in out.splitlines()[0]
    assert err == "" and "--debug" in out and "usage:" not in out
    assert max(map(len, out.replace(program(), PROGRAM).splitlines())) <= 140


@pytest.mark.parametrize(
    ("argv", "wrong", "remedy"),
    [
        (["pretrian"], "There is no command 'pretrian'.", "Did you mean pretrain?"),
        (["zzz"], "There is no command 'zzz'.", "Choose one of"),
        ([""], "There is no command ''.", "Choose one of"),
        (["pretrain", "--layer", "3"], "There is no option --layer.", "Did you mean --layers?"),
        (["pretrain", "--d_model=3"], "There is no option --d_model.", "Did you mean --d-model?"),
        (["pretrain", "--zzzz"], "There is no option --zzzz.", "-m minillm pretrain --help"),
        (["pretrain", "stray"], "Unrecognized arguments: stray.", "-m minillm pretrain --help"),
        (["pretrain", "-x"], "Unrecognized arguments: -x.", "-m minillm pretrain --help"),
        (["pretrain", "--preset", "lptop"], "There is no preset 'lptop'.", "Did you mean laptop?"),
        (["pretrain", "--preset", "zzz"], "There is no preset 'zzz'.", "Choose one of tiny, laptop, full."),
        (["pretrain", "--tokenizer", "bep"], "There is no tokenizer 'bep'.", "Did you mean bpe?"),
        (["pretrain", "--schedule", "cosin"], "There is no schedule 'cosin'.", "Did you mean cosine?"),
        (["pretrain", "--device", "tpu"], "There is no device 'tpu'.", "Did you mean"),
        (["pretrain", "--layers"], "Argument --layers: expected one argument.", "-m minillm pretrain --help"),
        (["pretrain", "--layers", "two"], "Argument --layers: invalid int value: 'two'.", "pretrain --help"),
        (["pretrain", "--layers", "2.5"], "Argument --layers: invalid int value: '2.5'.", "pretrain --help"),
        (["pretrain", "--lr", "fast"], "Argument --lr: invalid float value: 'fast'.", "pretrain --help"),
        (["pretrain", "--resume", "--overwrite"], "Argument --overwrite: not allowed with", "pretrain --help"),
        (["pretrain", "--steps=3", "--minutes=3"], "Argument --minutes: not allowed with", "pretrain --help"),
        (["generate"], "--checkpoint is missing.", "--checkpoint tales"),
        (["fill", "--text=x"], "--checkpoint is missing.", "-m minillm models"),
        (["attention", "--checkpoint=x"], "The following arguments are required: --text, --out.", "attention --help"),
    ],
    ids=str,
)
def test_wrong_words_are_told_with_the_nearest_right_one(refused, tmp_path, snapshot, argv, wrong, remedy):
    before = snapshot(tmp_path)
    said = refused(*argv)
    assert said[0].startswith(wrong) and remedy in said[1]
    assert snapshot(tmp_path) == before


def test_debug_shows_the_traceback():
    with pytest.raises(InputError, match="There is no checkpoint"):
        main(["generate", "--checkpoint", "nowhere", "--debug"])
    argv = [sys.executable, "-m", "minillm", "generate", "--checkpoint", "nowhere", "--debug"]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert answer.returncode == 1 and "Traceback" in answer.stderr and "MissingModelError" in answer.stderr


@pytest.mark.parametrize(
    ("error", "wrong"),
    [
        (MemoryError(), "There is not enough memory (none is left)."),
        (MemoryError("Unable to allocate 9 TiB"), "There is not enough memory (Unable to allocate 9 TiB)."),
        (OSError(28, "No space left on device", "file"), "The system refused: No space left on device (file)."),
        (OSError("odd"), "The system refused: odd."),
        (InputError("A\nb.", "C\nd."), "A b."),
    ],
    ids=repr,
)
def test_what_the_system_refuses_is_told_in_two_lines(refused, monkeypatch, error, wrong):
    def fail(*args):
        raise error

    monkeypatch.setattr("minillm.cli.run", fail)
    assert refused("doctor")[0] == wrong


@pytest.mark.parametrize(
    "error",
    [TypeError("unhashable\ntype"), KeyError("x"), RecursionError(), AssertionError(), RuntimeError("x" * 10**6)],
)
def test_what_nobody_foresaw_is_told_in_one_line(call, monkeypatch, error):
    def fail(*args):
        raise error

    monkeypatch.setattr("minillm.cli.run", fail)
    code, out, err = call("doctor")
    assert (code, out) == (1, "") and err.count("\n") == 1 and len(err) < 1100
    assert err.startswith(f"minillm failed, by a fault of its own: {type(error).__name__}: ")
    assert err.endswith(" (--debug shows where)\n")
    with pytest.raises(type(error)):
        main(["doctor", "--debug"])


def test_a_message_of_any_length_is_cut_in_the_middle(refused, monkeypatch):
    def fail(*args):
        raise InputError(f"The file names {'x' * 10**6} twice.", f"Leave {'y' * 10**6} out.")

    monkeypatch.setattr("minillm.cli.run", fail)
    for line, beginning, end in zip(
        refused("doctor"), ["The file names xx", "Leave yy"], ["xx twice.", "yy out."], strict=True
    ):
        assert len(line) < 1000 and line.startswith(beginning) and " … " in line and line.endswith(end)


ESCAPE = "\x1b]0;title\x07"


def add_tensor(path):
    save_file(load_file(path) | {ESCAPE: np.zeros(3, np.float32)}, path)


NAMED = {
    "a tensor": lambda run: add_tensor(run / "model.safetensors"),
    "a field of the config": lambda run: edit(run / "config.json", **{ESCAPE: 1}),
    "a choice in the config": lambda run: edit(run / "config.json", norm=ESCAPE),
    "a kind of tokenizer": lambda run: edit(run / "tokenizer.json", type=ESCAPE),
    "a special token": lambda run: edit(run / "tokenizer.json", special_tokens=[ESCAPE, ESCAPE]),
    "the folder": lambda run: (run / "config.json").unlink(),
}


@pytest.mark.parametrize("what", NAMED)
def test_no_name_gets_to_control_the_terminal(refused, run_copy, what):
    run = run_copy.rename(run_copy.with_name(ESCAPE))
    NAMED[what](run)
    said = "".join(refused("generate", "--checkpoint", run))
    assert "U+001B]0;title" in said and said.isprintable()


def test_no_name_gets_to_control_the_terminal_while_nothing_is_wrong(call, run_copy):
    run = run_copy.rename(run_copy.with_name(ESCAPE))
    trainer = json.loads((run / "trainer.json").read_text(encoding="utf-8"))
    trainer["text"]["name"] = ESCAPE
    (run / "trainer.json").write_text(json.dumps(trainer), encoding="utf-8")
    code, _, err = call("pretrain", "--resume", "--out", run)
    assert code == 0 and err.replace("\n", "").isprintable()
    assert err.count("U+001B]0;title") >= 2 and err.count("\\x1b]0;title") == 2, "the commands to copy mean the folder"


def test_a_name_too_long_for_the_system(refused, finished_run):
    name = "x" * 5000
    refused("generate", "--checkpoint", name)
    refused("pretrain", "--out", name)
    refused("pretrain", "--resume", "--out", name)
    refused("pretrain", "--text", name)
    refused("attention", "--checkpoint", finished_run, "--text", "the", "--out", f"{name}.png")


def test_control_characters_are_shown_and_not_obeyed():
    assert visible("\x1b[2J\x08 é\n\t我\x7f") == "U+001B[2JU+0008 é\n\t我U+007F"


@pytest.mark.parametrize("text", ["--- title", "-x", "--debug is an option", "--zzzz", "-", "--=", "-1"])
def test_a_text_may_begin_with_a_dash(text):
    parser = Parser("minillm", "")
    parser.add_argument("--prompt")
    parser.add_argument("--debug", action="store_true")
    for argv in (["--prompt", text, "--debug"], [f"--prompt={text}", "--debug"]):
        parsed = parser.parse_args(argv)
        assert (parsed.prompt, parsed.debug) == (text, True)
    with pytest.raises(InputError, match="expected one argument"):
        parser.parse_args(["--prompt", "--debug"])


@pytest.mark.skipif(sys.platform == "win32", reason="asks a POSIX shell")
@pytest.mark.parametrize(
    ("redirection", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("--prompt=Z 2>/dev/full", 2)]
)
def test_streams_that_are_closed_or_full(finished_run, redirection, code):
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    command = f"'{sys.executable}' -m minillm generate --checkpoint '{finished_run}' --max-tokens 30 {redirection}"
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert answer.returncode == code and "Traceback" not in answer.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="asks a POSIX shell")
@pytest.mark.parametrize(
    "text", ["!!", "it's", "runs/a-1.b", "two words", "$HOME", "`id`", 'say "so"', "back\\slash", "a;b", "*", "é", ""]
)
def test_a_shell_reads_a_word_as_it_was_meant(text):
    answer = subprocess.run(["sh", "-c", f"printf %s {shell_word(text)}"], capture_output=True, check=True)
    assert answer.stdout.decode("utf-8") == text
    assert shell_word("runs/a-1.b") == "runs/a-1.b"


def test_what_stands_for_a_value_in_the_help_follows_from_its_type(capsys):
    with pytest.raises(SystemExit):
        main(["pretrain", "--help"])
    out = capsys.readouterr().out
    for option in ("--steps N ", "--lr X ", "--objective NAME", "--stop-at STEP", "--text FILE"):
        assert option in out
