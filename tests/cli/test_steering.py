"""Steering through the command line: control tokens, guidance, rewards, experts and bans, and options that mean nothing."""

from pathlib import Path

import pytest

from minillm.cli import main

SMALL = ["--preset=tiny", "--layers=1", "--d-model=32", "--context=24", "--batch=8", "--steps=120", "--eval-every=120"]


@pytest.fixture(scope="module")
def conditional(tmp_path_factory) -> Path:
    """A model that has learned which lines are good: those without an x."""
    folder = tmp_path_factory.mktemp("conditional")
    documents = [f"{'ax' * (i % 2) or 'ab'} c\nbc {'xx' * (i % 3 == 0) or 'dd'}\n" for i in range(300)]
    (folder / "text.txt").write_text("\n".join(documents), encoding="utf-8")
    (folder / "mine.py").write_text(
        "def no_x(lines):\n    return [-('x' in line) for line in lines]\n", encoding="utf-8"
    )
    arguments = [f"--text={folder / 'text.txt'}", f"--reward={folder / 'mine.py'}:no_x", "--preference=conditional"]
    assert main(["pretrain", *SMALL, *arguments, f"--out={folder / 'run'}"]) == 0
    assert main(["pretrain", *SMALL, f"--text={folder / 'text.txt'}", f"--out={folder / 'plain'}"]) == 0
    return folder


@pytest.fixture
def write(conditional, call):
    """write("--control", "bad") -> what it writes, without the prompt, and what it says beside it."""

    def run(*options, run="run"):
        given = ["--checkpoint", conditional / run, "--prompt", "ab c\n", "--max-tokens", 120, *options]
        code, out, err = call("generate", *given)
        assert code == 0 and out.startswith("ab c\n"), err
        return out.removeprefix("ab c\n"), err

    return run


def rate(text):
    """The share of x among the letters."""
    return text.count("x") / len(text)


def test_the_control_token_decides(write):
    good, _ = write()
    assert write("--control", "good")[0] == good, "good is the default"
    bad, _ = write("--control", "bad")
    assert rate(bad) > 0.15 > 0.1 > rate(good)
    assert "<|" not in good + bad, "control tokens are not shown"
    assert 60 < len(good) < 120, "a token of --max-tokens for each line is the control token"


def test_guidance_exaggerates(write):
    assert write("--guidance", 1)[0] == write()[0]
    assert rate(write("--guidance", 0)[0]) > 0.15
    assert rate(write("--guidance", 4, "--temperature", 1.3)[0]) < 0.05


def test_best_of_n_keeps_the_best(write, conditional):
    reward = ("--control", "off", "--temperature", 1, "--reward", f"{conditional / 'mine.py'}:no_x")
    _, err = write(*reward, "--best-of", 1)
    assert "of all 1 " in err and "at most 0.00 nats" in err
    _, err = write(*reward, "--best-of", 12)
    chosen = float(err.split("chosen text ")[1].split(",")[0])
    mean = float(err.split("of all 12 ")[1].split(" ")[0])
    assert chosen > mean and "at most 1.57 nats" in err
    soft = write(*reward, "--best-of", 12, "--soft", 1e9)
    assert soft[0] != write(*reward, "--best-of", 12)[0], "so soft that any will do"


def test_a_reward_at_every_token(write, conditional):
    reward = ("--reward", f"{conditional / 'mine.py'}:no_x", "--control", "bad")
    assert "x" not in write(*reward, "--reward-weight", 100)[0]
    assert "x" in write(*reward, "--reward-weight", 0)[0]


def test_experts(write, conditional):
    same = ("--control", "off", "--bad-expert", conditional / "run", "--seed", 3)
    assert write(*same)[0] == write("--control", "off", "--seed", 3)[0], "good and bad are one model"


def test_banned_words_never_come(write):
    text, _ = write("--control", "bad", "--ban", "x", "--ban", "c\\n")
    assert "x" not in text and "c\n" not in text


REFUSED = (
    (["--guidance=-1"], "--guidance must be finite and 0 or more, got -1.0."),
    (["--best-of=0", "--reward=style"], "--best-of must be at least 1, got 0."),
    (["--soft=0", "--best-of=2", "--reward=style"], "--soft must be finite and above 0, got 0.0."),
    (["--best-of=4"], "--best-of needs --reward."),
    (["--reward-weight=4"], "--reward-weight needs --reward."),
    (["--soft=4"], "--soft needs --best-of."),
    (["--reward=style"], "--reward alone changes nothing."),
    (["--contrast=1"], "--contrast needs --bad-expert."),
    (["--good-expert=x"], "--good-expert needs --bad-expert."),
    (["--guidance=2", "--control=bad"], "--guidance reads with both control tokens, and --control asks for one."),
    (["--guidance=2", "--beams=2"], "--beams and --guidance don't go together."),
    (["--beams=2"], "Beam search puts in no control tokens."),
    (["--control=nice"], "nice"),
    (["--ban="], "A banned phrase is empty."),
    (
        ["--best-of=1000000000000", "--reward=style", "--max-tokens=4"],
        "GB for 1,000,000,000,000 texts at once, and this machine has",
    ),
    (
        ["--best-of=1000000000000", "--reward=style", "--bad-expert=RUN", "--max-tokens=4"],
        "texts at once, and this machine has",
    ),
    (
        ["--beams=1000000000000", "--control=off", "--max-tokens=4"],
        "GB for 1,000,000,000,000 texts at once, and this machine has",
    ),
    (["--best-of=2", "--reward=taste"], "There is no reward 'taste'."),
)


@pytest.mark.parametrize(("options", "wrong"), REFUSED, ids=[" ".join(options) for options, _ in REFUSED])
def test_bad_input(options, wrong, refused, conditional):
    given = [option.replace("RUN", str(conditional / "run")) for option in options]
    assert wrong in refused("generate", "--checkpoint", conditional / "run", *given)[0]


@pytest.mark.parametrize("option", ["--guidance=2", "--control=good"])
def test_a_model_without_control_tokens(option, refused, conditional):
    wrong, _ = refused("generate", "--checkpoint", conditional / "plain", option)
    assert wrong.endswith("knows no control tokens.")


def test_an_expert_of_another_vocabulary(refused, conditional):
    given = ["--checkpoint", conditional / "run", "--bad-expert", conditional / "plain"]
    assert "does not share the model's tokenizer" in refused("generate", *given)[0]
