"""python -m minillm gradcheck."""

from minillm import ops


def test_the_table_has_a_line_for_each_tensor(call):
    code, out, _ = call("gradcheck", "linear:no-bias")
    assert code == 0
    op, layer = "linear:no-bias", "Linear:no-bias"
    lines = [line.split()[:2] for line in out.splitlines()[1:-1]]
    assert lines == [[op, "x"], [op, "weight"], [layer, "x"], [layer, "weight"]]
    assert out.splitlines()[-1] == "All gradients agree with the numerical ones to 1e-07."


def test_a_seed_draws_other_numbers_which_agree_too(call):
    unseeded = call("gradcheck", "layer_norm")
    first, other = (call("gradcheck", "layer_norm", f"--seed={seed}") for seed in (0, 1))
    assert unseeded == first != other
    assert other[0] == 0


def test_a_wrong_gradient_is_marked_and_ends_with_code_1(call, monkeypatch):
    monkeypatch.setattr(ops, "gelu_backward", lambda dy, saved: dy * saved[1])
    code, out, _ = call("gradcheck", "gelu")
    assert code == 1
    assert out.splitlines()[1].endswith("WRONG") and out.splitlines()[-1] == "1 gradients are wrong."


def test_a_negative_seed_is_refused(refused):
    assert refused("gradcheck", "gelu", "--seed=-1")[0] == "--seed must be 0 or more, got -1."
