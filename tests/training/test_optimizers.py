import math

import numpy as np
import pytest

from minillm.layers import Layer, Linear, ParameterVector
from minillm.models import GPT, GPTConfig
from minillm.training import AdamW, Muon, TrainOptions, clip_grad_norm
from minillm.training.optimizers import orthogonal, orthogonal_cost, shared_out
from minillm.training.trainer import workers_for


class Two(Layer):
    """Two linear layers: matrices and biases, of different sizes."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.one, self.two = Linear(5, 7, rng, std=1), Linear(7, 3, rng, std=1)


def textbook_adamw(w, gradients, lr, beta1, beta2, eps, decay):
    """Loshchilov & Hutter 2019, algorithm 2, one number at a time."""
    w = [float(x) for x in w]
    m, v = [0.0] * len(w), [0.0] * len(w)
    for t, gradient in enumerate(gradients, 1):
        for i, g in enumerate(map(float, gradient)):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            mhat, vhat = m[i] / (1 - beta1**t), v[i] / (1 - beta2**t)
            w[i] = w[i] - lr * decay[i] * w[i] - lr * mhat / (math.sqrt(vhat) + eps)
    return np.array(w), np.array(m), np.array(v)


@pytest.mark.parametrize("betas", [(0.9, 0.95), (0.8, 0.999), (0.0, 0.0)])
def test_adamw_is_the_textbook_loop_with_decay_on_matrices_only(betas, monkeypatch):
    monkeypatch.setattr("minillm.training.optimizers.CHUNK", 11)  # several pieces, the last one shorter
    model = Two()
    vector = ParameterVector(model, np.float64)
    optimizer = AdamW(vector, 0.03, betas=betas, eps=1e-8, weight_decay=0.2)
    decay = np.concatenate([np.full(p.data.size, 0.2 * (p.data.ndim == 2)) for p in vector.named.values()])
    assert 0 < np.count_nonzero(decay) < len(decay)
    rng = np.random.default_rng(1)
    gradients = [rng.standard_normal(vector.data.size) * 10.0 ** rng.integers(-4, 3) for _ in range(7)]
    w, m, v = textbook_adamw(vector.data, gradients, 0.03, *betas, 1e-8, decay)
    for gradient in gradients:
        vector.grad[...] = gradient
        optimizer.step()
    np.testing.assert_allclose(vector.data, w, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(optimizer.first_moment, m, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(optimizer.second_moment, v, rtol=1e-13, atol=1e-13)


def test_a_step_may_name_its_own_rate():
    a, b = ParameterVector(Two(), np.float64), ParameterVector(Two(), np.float64)
    a.grad[...] = b.grad[...] = np.random.default_rng(0).standard_normal(a.data.size)
    AdamW(a, 0.5).step(0.01)
    AdamW(b, 0.01).step()
    assert (a.data == b.data).all()


def test_alone_it_remembers_as_long_as_in_a_run():
    options = TrainOptions()
    assert AdamW(ParameterVector(Two())).betas == (options.beta1, options.beta2)


def test_frozen_parameters_and_their_moments_stay_bit_identical():
    model = Two()
    vector = ParameterVector(model)
    model.one.freeze()
    optimizer = AdamW(vector, 0.1, weight_decay=0.5)
    before = vector.data.copy()
    rng = np.random.default_rng(0)
    for _ in range(5):
        vector.grad[...] = rng.standard_normal(vector.data.size)  # a stale gradient must not matter either
        optimizer.step()
    for name, place in vector.slices.items():
        frozen = name.startswith("one.")
        assert (vector.data[place] == before[place]).all() == frozen
        assert (optimizer.first_moment[place] == 0).all() == frozen
        assert (optimizer.second_moment[place] == 0).all() == frozen


def test_clip_grad_norm():
    vector = ParameterVector(Two(), np.float64)
    gradient = np.random.default_rng(0).standard_normal(vector.data.size)
    gradient *= 5 / np.linalg.norm(gradient)
    for longest, scale in ((2.0, 0.4), (5.1, 1.0), (math.inf, 1.0)):
        vector.grad[...] = gradient
        assert float(clip_grad_norm(vector, longest)) == pytest.approx(5, abs=1e-12)
        np.testing.assert_allclose(vector.grad, scale * gradient, rtol=1e-6 if scale < 1 else 0)
    vector.grad[...] = 0
    assert clip_grad_norm(vector, 1.0) == 0
    assert (vector.grad == 0).all()


# Muon ---------------------------------------------------------------------------------------------------------------


def textbook_muon(w, gradients, lr, decay):
    """Jordan et al. 2024, with the scale of Liu et al. 2025: the iteration acts on each singular value alone.

    Three steps from a length of (Σ s⁴)^¼ in place of five from √(Σ s²).
    """
    w, m = w.copy(), np.zeros_like(w)
    for g in gradients:
        m = 0.95 * m + g
        u, s, vt = np.linalg.svd(g + 0.95 * m, full_matrices=False)
        s = s / ((s**4).sum() ** 0.25 + 1e-7)
        for _ in range(3):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        w = w - lr * decay * w - lr * 0.2 * math.sqrt(max(w.shape)) * (u * s) @ vt
    return w


def tiny_gpt() -> GPT:
    return GPT(GPTConfig(11, context=6, layers=2, heads=2, d_model=8), seed=3)


def test_muon_is_the_textbook_on_matrices_of_blocks_and_adamw_on_all_else():
    ours, other = (ParameterVector(tiny_gpt(), np.float64) for _ in range(2))
    muon, adamw = (kind(vector, 0.03, weight_decay=0.2) for kind, vector in ((Muon, ours), (AdamW, other)))
    rng = np.random.default_rng(1)
    gradients = [rng.standard_normal(ours.data.size) for _ in range(4)]
    expected = {}
    for name, parameter in ours.named.items():
        if name.startswith("blocks.") and parameter.data.ndim == 2:
            each = [gradient[ours.slices[name]].reshape(parameter.data.shape) for gradient in gradients]
            expected[name] = textbook_muon(parameter.data, each, 0.03, 0.2)
    assert len(expected) == 2 * 6, "four of attention and two of feed-forward"
    for gradient in gradients:
        ours.grad[...] = other.grad[...] = gradient
        muon.step()
        adamw.step()
    for name, parameter in ours.named.items():
        np.testing.assert_allclose(
            parameter.data, expected.get(name, other.named[name].data), rtol=1e-11, atol=1e-11, err_msg=name
        )
        place = ours.slices[name]
        kept = 0 if name in expected else adamw.second_moment[place]
        np.testing.assert_allclose(muon.second_moment[place], kept, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("shape", [(9, 9), (5, 20), (20, 5)])
@pytest.mark.parametrize("size", [1e-3, 1, 1e3])
def test_a_matrix_is_made_nearly_orthogonal_whatever_its_size(shape, size):
    left, _, right = np.linalg.svd(np.random.default_rng(0).standard_normal(shape), full_matrices=False)
    before = np.geomspace(0.03, 1, min(shape))
    found = orthogonal(size * (left * before) @ right)
    values = np.diag(left.T @ found @ right.T)
    assert found.shape == shape and values.min() > 0.68 and values.max() < 1.21
    np.testing.assert_allclose((left * values) @ right, found, atol=1e-10)
    assert not orthogonal(np.zeros(shape)).any(), "no gradient, no step, and no division by zero"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_number_of_workers_makes_the_same_step_bit_for_bit(count):
    """Also where there are fewer matrices than workers, or none."""
    models = [tiny_gpt() for _ in range(2)]
    alone, shared = (Muon(model.vector, 0.03) for model in models)
    rng = np.random.default_rng(1)
    with workers_for(models[1], count) as workers:
        for matrices in (12, 2, 0):
            for model in models:
                hidden = [p for block in model.blocks for p in block.parameters() if p.data.ndim == 2]
                for number, matrix in enumerate(hidden):
                    matrix.trainable = number < matrices
            gradient = rng.standard_normal(models[0].vector.data.size)
            for model in models:
                model.vector.grad[...] = gradient
            alone.step()
            shared.step(workers=workers)
            np.testing.assert_array_equal(models[1].vector.data, models[0].vector.data)
    np.testing.assert_array_equal(shared.first_moment, alone.first_moment)


def test_matrices_are_shared_out_by_their_cost():
    """A block of width 128 has four matrices of one cost, and two of three times that cost."""
    costs = [orthogonal_cost(shape) for shape in 2 * [*4 * [(128, 128)], (128, 512), (512, 128)]]
    assert costs[4] == costs[5] == 3 * costs[0]
    for count, most in ((1, 20), (2, 10), (3, 7), (4, 5)):
        parts = shared_out(costs, count)
        assert sorted(job for part in parts for job in part) == list(range(12))
        assert max(sum(costs[job] for job in part) for part in parts) == most * costs[0]
    assert len(shared_out(costs, 20)) == 12, "nobody is asked for nothing"


def test_muon_leaves_frozen_parameters_bit_identical():
    model = tiny_gpt()
    model.blocks[0].freeze()
    before = model.vector.data.copy()
    optimizer = Muon(model.vector, 0.1, weight_decay=0.5)
    model.vector.grad[...] = np.random.default_rng(0).standard_normal(before.size)
    optimizer.step()
    for name, place in model.vector.slices.items():
        assert (model.vector.data[place] == before[place]).all() == name.startswith("blocks.0."), name
