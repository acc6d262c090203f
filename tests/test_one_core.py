"""The page of minillm and PyTorch on one core each."""

from benchmarks.one_core import claims, page

STEPS = {"2×64": {"minillm": 0.006, "torch": 0.010, "torch.compile": 0.008}}
ATTENTIONS = {1024: {"chunked": 0.033, "PyTorch": 0.030}}


def test_a_ratio_is_minillm_over_the_other(monkeypatch):
    monkeypatch.setattr("benchmarks.one_core.machine", lambda *packages: "a machine")  # PyTorch may not be installed
    assert [round(claim.value, 2) for claim in claims(STEPS, ATTENTIONS)] == [0.6, 0.75, 1.1]
    lines = list(page(STEPS, ATTENTIONS, "python -m benchmarks.one_core"))
    assert "| 2×64 | 6.0 | 10.0 | 8.0 | **0.60** | **0.75** |" in lines
    assert "| 1,024 | 33.0 | 30.0 | **1.10** |" in lines
