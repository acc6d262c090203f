"""The benchmark on a GPU: what it counts, and that it measures what it says. No GPU code is run."""

import sys

import pytest

from benchmarks import gpu
from benchmarks.gpu import Minillm, Row, claims, main, measure, page, peak_of, peak_share, seconds_per_step
from minillm.backend import choose_device
from minillm.gpu.cublas import PRECISIONS
from minillm.models import GPTConfig

TINY = GPTConfig(13, layers=1, heads=2, d_model=8, context=5)


def test_without_a_gpu_it_says_so_in_a_line_and_ends_with_code_2(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(sys, "argv", ["gpu"])
    assert main() == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1 and "No GPU can be used" in err


def test_the_models_have_the_sizes_that_are_promised():
    millions = [config.parameter_count() / 1e6 for config, _ in gpu.SIZES.values()]
    assert millions == pytest.approx([0.41, 10.8, 124.4], rel=0.03)


def test_the_share_of_the_peak_is_six_operations_a_parameter_and_token():
    assert peak_share(1000, 10, 2.0, 60_000) == 0.5
    assert peak_share(1000, 10, 2.0, None) is None


@pytest.mark.parametrize(
    ("card", "precision", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", "high", 494.7e12),
        ("NVIDIA H100 PCIe", "highest", 51e12),
        ("NVIDIA A100-SXM4-40GB", "high", 156e12),
        ("NVIDIA A100-SXM4-40GB", "medium", 312e12),
        ("NVIDIA L40S", "highest", 91.6e12),
        ("NVIDIA L4", "highest", 30.3e12),
        ("NVIDIA L40", "highest", None),
        ("NVIDIA RTX A1000", "high", None),
        ("Tesla T4", "high", None),
        ("a card of next year", "highest", None),
    ],
)
def test_peaks_are_found_by_the_name_that_the_driver_gives(card, precision, peak):
    assert peak_of(card, precision) == peak


class Clocked:
    """A side whose steps take three seconds each, when they are waited for."""

    now = given = 0

    def step(self):
        self.given += 3

    def wait(self):
        self.now, self.given = self.now + self.given, 0


def test_a_turn_is_waited_for_and_the_warm_up_is_not_in_it():
    side = Clocked()
    assert seconds_per_step(side, 4, clock=lambda: side.now) == 3


def test_the_sides_of_minillm_are_captured_or_plain(cupy_standin):
    device = choose_device("gpu")
    for captured in (True, False):
        side = Minillm(TINY, 2, "high", device, captured=captured)
        for _ in range(3):
            side.step()
        assert bool(side.trainer.captured._graphs) == captured


def test_a_side_that_fails_has_no_row_and_the_others_do(cupy_standin, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "SIZES", {"tiny": (TINY, 2)})
    monkeypatch.setitem(gpu.SIDES, "broken", lambda *given: 1 / 0)
    rows = list(measure(["tiny"], ["broken", "minillm, CUDA graph"], 1, choose_device("gpu"), "NVIDIA L4"))
    assert [(row.precision, row.side) for row in rows] == [(p, "minillm, CUDA graph") for p in PRECISIONS]
    assert all(row.tokens == 10 and row.seconds > 0 and row.peak_share > 0 for row in rows)
    assert "tiny, high, broken: ZeroDivisionError" in capsys.readouterr().err


ROWS = [
    Row("2×128", "high", "minillm, CUDA graph", 0.001, 768, 0.05),
    Row("2×128", "high", "PyTorch, eager", 0.004, 768, None),
]


def test_the_page_and_the_claims_have_every_row():
    lines = list(page(ROWS, "a card", "a machine", "a command"))
    assert "| 2×128 | high | minillm, CUDA graph | 1.00 | 768,000 | 5.0% |" in lines
    assert "| 2×128 | high | PyTorch, eager | 4.00 | 192,000 | ? |" in lines
    assert [(claim.what, claim.value) for claim in claims(ROWS)] == [
        ("2×128 on a GPU, high: a training step, minillm / PyTorch, eager", 0.25)
    ]
