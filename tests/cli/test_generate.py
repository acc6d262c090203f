import io
import itertools
import subprocess
import sys

import numpy as np
import pytest

from minillm.cli.terminal import visible
from minillm.generation import beam_search, generate
from minillm.training import load, save

SLID = "(The model sees 16 tokens at once: farther on it forgets the beginning.)\n"


@pytest.fixture
def written(finished_run):
    """written(prompt, count, **settings) -> what the command should print."""

    def expect(prompt, count, **settings):
        model, tokenizer = load(finished_run)
        ids = list(generate(model, tokenizer.encode(prompt), count, **settings))
        assert len(ids) == count
        return prompt + tokenizer.decode(ids) + "\n"

    return expect


@pytest.mark.parametrize(
    "argv",
    [
        {},
        {"temperature": 0},
        {"top_k": 3, "seed": 9},
        {"top_p": 0.5, "temperature": 1.5},
        {"min_p": 0.2, "repetition_penalty": 1.4, "no_repeat_ngram": 3},
    ],
    ids=str,
)
def test_what_is_printed_is_the_prompt_and_the_decoded_ids(call, finished_run, written, argv):
    options = itertools.chain.from_iterable((f"--{name.replace('_', '-')}", value) for name, value in argv.items())
    code, out, err = call("generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=30", *options)
    assert (code, err) == (0, SLID)
    assert out == written("the ", 30, **({"temperature": 0.8} | argv))


def test_within_the_context_nothing_is_told(call, finished_run):
    assert call("generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=13")[2] == ""
    assert call("generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=14")[2] == SLID


def test_a_prompt_longer_than_the_context(call, finished_run, written):
    prompt = "the model reads one token after another"
    code, out, err = call("generate", "--checkpoint", finished_run, "--prompt", prompt, "--max-tokens=5")
    assert (code, out, err) == (0, written(prompt, 5, temperature=0.8), SLID)


def test_the_seed_decides(call, finished_run):
    one, same, other = (call("generate", "--checkpoint", finished_run, "--seed", seed)[1] for seed in (1, 1, 2))
    assert one == same != other


def test_without_a_prompt_the_text_begins_from_nothing(call, finished_run):
    """This model never saw a new line; a space is the nearest that it knows."""
    code, out, _ = call("generate", "--checkpoint", finished_run, "--max-tokens=5")
    assert code == 0 and out[0] == " " and len(out) == 1 + 5 + 1


def test_a_prompt_from_standard_input(call, finished_run, written, monkeypatch, refused):
    for content in (b"the ", "\ufeffthe ".encode()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
        assert call("generate", "--checkpoint", finished_run, "--prompt=-", "--max-tokens=5")[1] == written(
            "the ", 5, temperature=0.8
        )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8"))
    assert "standard input is not UTF-8: byte 0" in refused("generate", "--checkpoint", finished_run, "--prompt=-")[0]


def test_the_text_appears_as_it_is_written(finished_run, monkeypatch):
    """Each token is flushed before the next is asked for."""
    from minillm import cli

    class Out(io.StringIO):
        seen = 0

        def flush(self):
            self.seen = len(self.getvalue())

    out = Out()
    monkeypatch.setattr(sys, "stdout", out)
    extend = []

    def slow(*args, **kwargs):
        for token in generate(*args, **kwargs):
            extend.append(out.seen)
            yield token

    monkeypatch.setattr("minillm.cli.generate.generate", slow)
    assert cli.main(["generate", "--checkpoint", str(finished_run), "--prompt=the ", "--max-tokens=4"]) == 0
    assert extend == [4, 5, 6, 7]


def test_a_terminal_that_cannot_show_a_character(call, tiny, plain, tmp_path, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text("我思故我在 " * 100, encoding="utf-8")
    assert call(*tiny, "--text", text, "--steps=2", "--out=run")[0] == 0
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    from minillm.cli import main

    assert main(["generate", "--checkpoint=run", "--prompt=我", "--max-tokens=3"]) == 0
    assert out.buffer.getvalue().startswith(b"?")


@pytest.mark.skipif(sys.platform == "win32", reason="asks a POSIX shell")
@pytest.mark.parametrize("reader", ["head -n 1", "head -c 3", "true"])
def test_a_reader_that_leaves_is_no_error(finished_run, reader):
    command = f"('{sys.executable}' -m minillm generate --checkpoint '{finished_run}' --prompt 'the ' --max-tokens 3000; echo $? >&2)"
    answer = subprocess.run(f"{command} | {reader}", shell=True, capture_output=True, text=True, check=True)
    assert answer.stderr.replace(SLID, "") == "0\n"


@pytest.mark.skipif(sys.platform == "win32", reason="asks a POSIX shell")
def test_nor_is_it_for_output_that_waits_in_a_buffer(monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    command = f"('{sys.executable}' -m minillm; echo $? >&2) | true"
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert answer.stderr == "0\n"


def test_a_terminal_is_shown_control_characters_and_a_pipe_gets_them(call, tiny, plain, tmp_path, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text("\x1b[2J\x08" * 200, encoding="utf-8")
    assert call(*tiny, "--text", text, "--steps=2", "--out=run")[0] == 0
    argv = ["generate", "--checkpoint=run", "--prompt=\x1b", "--max-tokens=30"]
    piped = call(*argv)[1]
    assert piped[0] == "\x1b"
    out = io.StringIO()
    out.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", out)
    assert call(*argv)[0] == 0
    assert out.getvalue() == visible(piped) != piped


def test_sampling_options_reach_the_sampler(call, finished_run, monkeypatch):
    seen = {}

    def spy(model, ids, count, **settings):
        seen.update(settings, count=count, ids=np.asarray(ids).tolist())
        return iter([1, 2])

    monkeypatch.setattr("minillm.cli.generate.generate", spy)
    call(
        "generate",
        "--checkpoint",
        finished_run,
        "--prompt=a",
        "--max-tokens=7",
        "--top-k=4",
        "--top-p=0.5",
        "--min-p=0.1",
        "--repetition-penalty=1.2",
        "--no-repeat-ngram=3",
        "--seed=6",
        "--temperature=2",
    )
    assert seen.pop("ids") == load(finished_run)[1].encode("a").tolist()
    assert len(seen.pop("banned")) == 0  # the model knows no more tokens than the tokenizer
    assert seen.pop("eos") == []  # no token of these characters means an end
    assert seen.pop("control") is None
    drawing = {"top_k": 4, "top_p": 0.5, "min_p": 0.1, "temperature": 2}
    assert seen == {"count": 7, "seed": 6, "repetition_penalty": 1.2, "no_repeat_ngram": 3, **drawing}


# Stop strings and beams ----------------------------------------------------------------------------------------------


def test_the_text_ends_before_a_stop_string(call, finished_run, written):
    text = written("the ", 60, temperature=0.8)
    for stop in (text[20:23], "e", " "):
        code, out, _ = call(
            "generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=60", "--stop", stop
        )
        assert code == 0 and out == "the " + text[4:].split(stop)[0] + "\n"
    several = call("generate", "--checkpoint", finished_run, "--prompt=the ", "--stop=e", "--stop=a", "--stop", "--x")[
        1
    ]
    assert several == "the " + min(text[4:].split("e")[0], text[4:].split("a")[0], key=len) + "\n"


def test_a_new_line_can_be_written_as_a_stop_string(call, tiny, plain, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("one\ntwo\n" * 100, encoding="utf-8")
    assert call(*tiny, "--text", text, "--out=run")[0] == 0
    argv = ["generate", "--checkpoint=run", "--prompt=t", "--max-tokens=50"]
    assert call(*argv)[1].count("\n") > 2
    assert call(*argv, r"--stop=\n")[1].count("\n") == 1


def test_beams_write_the_likeliest_text(call, finished_run):
    model, tokenizer = load(finished_run)
    argv = ["generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=12"]
    expected = beam_search(model, tokenizer.encode("the "), 12, beams=3, no_repeat_ngram=4, repetition_penalty=1.1)
    out = call(*argv, "--beams=3", "--no-repeat-ngram=4", "--repetition-penalty=1.1")[1]
    assert out == "the " + tokenizer.decode(expected[0].ids) + "\n"
    assert call(*argv, "--beams=1")[1] == call(*argv, "--temperature=0")[1]


def test_beams_end_at_a_stop_string_and_the_penalty_weighs_their_length(call, finished_run):
    model, tokenizer = load(finished_run)
    lengths = []
    for penalty in (-2, 0, 4):
        out = call(
            *("generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=30"),
            *("--beams=5", "--stop=a", f"--length-penalty={penalty}"),
        )[1]
        ends = beam_search(
            model,
            tokenizer.encode("the "),
            30,
            beams=5,
            length_penalty=penalty,
            ends=lambda ids: "a" in tokenizer.decode(ids),
        )
        assert out == "the " + tokenizer.decode(ends[0].ids).split("a")[0] + "\n"
        lengths.append(len(out))
    assert lengths == sorted(lengths) and lengths[0] < lengths[-1]


@pytest.mark.parametrize(
    ("argv", "wrong"),
    [
        (["--min-p=0"], "min-p must lie in (0, 1], got 0.0."),
        (["--repetition-penalty=0"], "The repetition penalty must be positive, got 0.0."),
        (["--no-repeat-ngram=0"], "no-repeat-ngram must be at least 1, got 0."),
        (["--stop="], "--stop is empty."),
        (["--stop=a", "--stop", ""], "--stop is empty."),
        (["--beams=0"], "The number of beams must be at least 1, got 0."),
        (["--beams=2", "--stop=a", "--length-penalty=nan"], "The length penalty must lie in [-10, 10], got nan."),
        (["--beams=2", "--length-penalty=1"], "Without --stop all texts are equally long,"),
        (["--length-penalty=1"], "--length-penalty is for --beams."),
        *[
            (
                ["--beams=2", f"--{name}={value}"],
                f"--beams searches for the likeliest text, and --{name} is for drawing",
            )
            for name, value in (("temperature", 0.8), ("top-k", 5), ("top-p", 0.5), ("min-p", 0.1))
        ],
    ],
    ids=str,
)
def test_options_that_mean_nothing_alone_or_together(refused, finished_run, argv, wrong):
    assert refused("generate", "--checkpoint", finished_run, *argv)[0].startswith(wrong)


def test_where_no_token_may_follow(call, finished_run):
    """What was written until then is shown."""
    code, out, err = call("generate", "--checkpoint", finished_run, "--prompt=the ", "--no-repeat-ngram=1")
    assert code == 2 and len(set(out)) == len(out) > 5
    assert "no other may follow" in err.splitlines()[-2]


def test_the_text_ends_where_the_tokenizer_has_an_end(call, finished_run, monkeypatch):
    """GPT-2's <|endoftext|>, here a letter."""
    model, tokenizer = load(finished_run)
    argv = ["generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=12", "--temperature=0"]
    whole = call(*argv)[1].rstrip("\n")
    letter = whole[9]
    tokenizer.special_tokens = {"<|endoftext|>": int(tokenizer.encode(letter)[0])}
    tokenizer.roles = {"eos_token": "<|endoftext|>"}
    monkeypatch.setattr("minillm.cli.generate.load", lambda *args, **options: (model, tokenizer))
    assert call(*argv)[1] == "the " + whole[4:].split(letter)[0] + "\n" != whole
    assert call(*argv[:-1], "--beams=1")[1] == call(*argv)[1]


# A draft --------------------------------------------------------------------------------------------------------------


def test_a_draft_changes_nothing_of_what_is_written(call, finished_run, tiny, tmp_path):
    assert call(*tiny, "--d-model=8", "--layers=1", "--out", tmp_path / "small")[0] == 0
    same = ("generate", "--checkpoint", finished_run, "--prompt=the ", "--max-tokens=40", "--temperature=0")
    assert call(*same, "--draft", tmp_path / "small") == call(*same)


def test_a_draft_with_another_tokenizer_is_refused(call, finished_run, tiny, tmp_path):
    text = tmp_path / "other.txt"
    text.write_text("0123456789 " * 100, encoding="utf-8")
    assert call(*tiny, f"--text={text}", "--out", tmp_path / "other")[0] == 0
    code, out, err = call("generate", "--checkpoint", finished_run, "--draft", tmp_path / "other")
    assert (code, out) == (2, "") and "The draft" in err and "does not share the model's tokenizer" in err


@pytest.mark.parametrize("option", ["--beams=2", "--best-of=2"])
def test_a_draft_does_not_go_with_another_search(call, finished_run, option):
    reward = ["--reward=length:9"] if "best" in option else []
    code, _, err = call("generate", "--checkpoint", finished_run, "--draft", finished_run, option, *reward)
    assert code == 2 and f"--draft and {option[:-2]} don't go together" in err


# int8 -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [["--temperature=0"], ["--top-p=0.9"], ["--beams=3"], ["--draft"]])
def test_int8_writes_what_the_rounded_model_writes(call, finished_run, tmp_path, options):
    """A run's weights are rounded as they are read, those of a packed model were when it was saved."""
    save(tmp_path / "packed", *load(finished_run), int8=True)
    argv = [
        "generate",
        "--prompt=the ",
        "--max-tokens=40",
        *options,
        *([finished_run] if options == ["--draft"] else []),
    ]
    expected = call(*argv, "--checkpoint", tmp_path / "packed")
    assert expected[0] == 0
    assert call(*argv, "--checkpoint", tmp_path / "packed", "--int8") == expected
    assert call(*argv, "--checkpoint", finished_run, "--int8") == expected


def test_int8_is_for_the_processor(call, refused, finished_run, cupy_standin):
    argv = ["generate", "--checkpoint", finished_run, "--max-tokens=3", "--int8"]
    wrong, remedy = refused(*argv, "--device=gpu")
    assert wrong == "Weights in int8 are for the processor."
    assert remedy == "Leave out --int8, or run with --device cpu."
    assert call(*argv, "--device=auto") == call(*argv, "--device=cpu")


def test_int8_of_a_model_that_writes_no_text(refused, masked_run):
    assert "which writes no text" in refused("generate", "--checkpoint", masked_run, "--int8")[0]
