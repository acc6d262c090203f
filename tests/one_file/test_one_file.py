"""The script is the library: its gradients, its losses and its samples; and it stands alone."""

import ast
import os
import subprocess
import sys

import numpy as np
import pytest

from minillm.generation.sampling import sample
from minillm.models import GPT
from minillm.one_file import one_file
from minillm.one_file.specialising import Use, specialised
from minillm.ops import cross_entropy, cross_entropy_backward, softmax
from minillm.training import AdamW, clip_grad_norm

SIZES = "LAYERS, HEADS, D, CONTEXT, BATCH = "
VOCAB, LAYERS, HEADS, D, CONTEXT, BATCH = 11, 2, 2, 8, 6, 3


@pytest.fixture
def script() -> dict:
    """The script's names, its model made small."""
    lines = [
        f"{SIZES}{LAYERS}, {HEADS}, {D}, {CONTEXT}, {BATCH}" if line.startswith(SIZES) else line
        for line in one_file().splitlines()
    ]
    names = {"__name__": "gpt"}
    exec(compile("\n".join(lines), "gpt.py", "exec"), names)
    return names


def library_name(name: str) -> str:
    """`0.query` is blocks.0.attention.query.weight, and so on."""
    if name in ("embedding", "positions"):
        return f"{name}.weight"
    if name == "norm":
        return "norm.gamma"
    block, part = name.split(".")
    owner = {"expand": "ffn.", "contract": "ffn.", "norm1": "", "norm2": ""}.get(part, "attention.")
    return f"blocks.{block}.{owner}{part}.{'gamma' if part.startswith('norm') else 'weight'}"


def twin(weights: dict) -> GPT:
    """The library's model with these weights."""
    sizes = {"vocab_size": VOCAB, "context": CONTEXT, "layers": LAYERS, "heads": HEADS, "d_model": D}
    model = GPT(**sizes, norm="rms", bias=False, activation="relu", eps=1e-6, dtype=np.float64)
    theirs = dict(model.named_parameters())
    assert sorted(theirs) == sorted(map(library_name, weights))
    for name, array in weights.items():
        theirs[library_name(name)].data[...] = array
    return model


@pytest.fixture
def weights(script) -> dict:
    rng = np.random.default_rng(0)
    return {
        name: array + rng.normal(0, 0.3, array.shape) for name, array in script["first_weights"](VOCAB, rng).items()
    }


def test_its_gradients_are_the_librarys(script, weights):
    ids = np.random.default_rng(1).integers(0, VOCAB, (BATCH, CONTEXT))
    for length in (CONTEXT, CONTEXT - 2):
        model, rows = twin(weights), ids[:, :length]
        logits, saved = model.forward(rows[:, :-1])
        loss, scored = cross_entropy(logits, rows[:, 1:])
        model.backward(cross_entropy_backward(1.0, scored), saved)
        ours, kept = script["forward"](weights, rows[:, :-1])
        our_loss, our_scored = script["cross_entropy"](ours, rows[:, 1:])
        gradients = script["backward"](weights, script["cross_entropy_backward"](1.0, our_scored), kept)
        np.testing.assert_allclose(ours, logits, rtol=1e-12, atol=1e-12)
        assert abs(our_loss - loss) < 1e-12
        for name, parameter in model.named_parameters():
            (gradient,) = [each for own, each in gradients.items() if library_name(own) == name]
            np.testing.assert_allclose(gradient, parameter.grad, rtol=1e-12, atol=1e-12, err_msg=name)


def test_its_training_is_the_librarys(script, weights):
    text, steps = np.random.default_rng(2).integers(0, VOCAB, 50), 8
    model = twin(weights)
    optimizer = AdamW(model.vector, betas=(0.9, 0.99), weight_decay=0.1)
    rng, losses = np.random.default_rng(3), []
    for step in range(1, steps + 1):
        rows = text[rng.integers(0, len(text) - CONTEXT, (BATCH, 1)) + np.arange(CONTEXT + 1)]
        model.vector.grad[...] = 0
        logits, saved = model.forward(rows[:, :-1])
        loss, scored = cross_entropy(logits, rows[:, 1:])
        model.backward(cross_entropy_backward(1.0, scored), saved)
        clip_grad_norm(model.vector, 1.0)
        optimizer.step(5e-3 * min(step / 100, 1 - (step - 1) / steps))
        losses.append(float(loss))
    ours = [loss for _, loss in script["train"](weights, text, steps, np.random.default_rng(3))]
    np.testing.assert_allclose(ours, losses, rtol=1e-5)  # it shortens the gradient by its length, without the 1e-6


def test_it_writes_as_the_library_samples(script, weights):
    written = script["write"](weights, [1, 2], 5, np.random.default_rng(4))
    ids, rng = [1, 2], np.random.default_rng(4)
    for _ in range(5):
        logits, _ = twin(weights).forward(np.array([ids[-CONTEXT:]]))
        ids.append(int(sample(softmax(logits[0, -1] / 0.8)[0], rng)))
    assert written == ids


def test_it_is_short_and_stands_alone(tmp_path):
    text = one_file()
    assert len(text.splitlines()) <= 250
    imported = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {
        name
        for node in imported
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    } == {
        "math",
        "sys",
        "functools",
        "numpy",
    }
    (tmp_path / "gpt.py").write_text(text, encoding="utf-8")
    (tmp_path / "text.txt").write_text("the cat is on the table. " * 40, encoding="utf-8")
    call = [sys.executable, "-I", "gpt.py", "text.txt", "3"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, encoding="utf-8", env=environment, check=True)
    assert done.stdout.startswith("step 1  loss ") and len(done.stdout.splitlines()) >= 2


@pytest.mark.parametrize("text", [None, "", "too short", "a" * 200], ids=["none", "empty", "short", "one character"])
def test_a_text_that_it_cannot_learn_from_is_refused_in_words(tmp_path, text):
    (tmp_path / "gpt.py").write_text(one_file(), encoding="utf-8")
    (tmp_path / "text.txt").write_text(text or "", encoding="utf-8")
    call = [sys.executable, "-I", "gpt.py", *([] if text is None else ["text.txt"])]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1 and not done.stdout and "Traceback" not in done.stderr
    assert "`python gpt.py TEXT.txt [STEPS]`" in done.stderr and "more than 64 characters" in done.stderr


def test_no_name_is_read_that_nothing_sets():
    tree = ast.parse(one_file())
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    known = {each.id for each in names if isinstance(each.ctx, ast.Store)} | arguments | functions
    read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
    assert read - known - set(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__) <= {
        "np",
        "math",
        "sys",
        "cache",
    }


def test_the_command_writes_it_and_replaces_nothing(tmp_path, monkeypatch, capsys):
    from minillm.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["one-file"]) == 0
    assert (tmp_path / "gpt.py").read_text(encoding="utf-8") == one_file()
    (tmp_path / "gpt.py").write_text("mine", encoding="utf-8")
    assert main(["one-file"]) == 2
    assert "there already" in capsys.readouterr().err
    assert (tmp_path / "gpt.py").read_text(encoding="utf-8") == "mine"


def scaled(x, factor, *, offset=None, times=2):
    """y = factor x.

    More of it.
    """
    if factor is None:
        raise ValueError("no factor")
    y = x * factor  # the product
    if offset is not None and times > 1:
        y += offset  # the offset
    for _ in range(times):
        y = shifted(y, by=1, back=times)
    return y if offset is None else -1 * y


def shifted(y, by, back):
    return y + by - back


def test_what_is_known_is_worked_out():
    uses = {use.name: use for use in (Use(scaled, {"offset": None}), Use(shifted, {"back": 3}))}
    assert specialised(uses["scaled"], uses).splitlines() == [
        "def scaled(x, factor, times=2):",
        '    """y = factor x."""',
        "    y = x * factor  # the product",
        "    for _ in range(times):",
        "        y = shifted(y, by=1)",
        "    return y",
    ]
    assert specialised(uses["shifted"], uses).splitlines() == ["def shifted(y, by):", "    return y + by - 3"]
