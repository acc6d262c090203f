"""Mistakes in a kernel that the tests on the processor must see, in one order of the threads or the other."""

import pytest

from minillm.kernels import launching
from tests.kernels.specimens import SPECIMENS
from tests.standin import raw_module

SYNC = "__syncthreads();  // "
BUGS = {
    "a warp reads before all have written": ("normalization.cu", SYNC + "all warps have written", ""),
    "a warp writes before all have read": ("normalization.cu", SYNC + "all warps have read", "//"),
    "a barrier that some threads never reach": ("normalization.cu", "if (lane == 0) of_warp[warp] = x;", "if (lane) return x;"),
    "layer norm: a column too many": ("normalization.cu", "c < columns; c += blockDim.x) {", "c <= columns; c += blockDim.x) {"),
    "layer norm: a row of its neighbour": ("normalization.cu", "rstd[blockIdx.x] =", "rstd[blockIdx.x + 1] ="),
    "layer norm: gamma outside the means": ("normalization.cu", "float g = gamma[c] * dy[c];", "float g = dy[c];"),
    "layer norm: the sums of rows not waited for": ("normalization.cu", "__syncthreads();\n    // Turned", "// Turned"),
    "layer norm: not turned round": ("normalization.cu", "sums[0][threadIdx.x][threadIdx.y]", "sums[0][threadIdx.y][threadIdx.x]"),
    "layer norm: parts that overwrite each other": ("normalization.cu", "2LL * blockIdx.y + 1", "2LL * blockIdx.y"),
    "rms norm: the mean square's share forgotten": ("normalization.cu", " - xhat[c] * mean)", ")"),
    "silu: the derivative of σ forgotten": ("activations.cu", "(p[i] + (1 - p[i]) * p[i] * x[i])", "p[i]"),
    "cross-entropy: a sum that is not corrected": ("cross_entropy.cu", "total *= expf(peak - s[c]);", ""),
    "cross-entropy: a target of the next row": ("cross_entropy.cu", "targets[blockIdx.x]", "targets[blockIdx.x + 1]"),
    "cross-entropy: every column a target": ("cross_entropy.cu", "(v == target ? 1 - smoothing : 0)", "1 - smoothing"),
    "cross-entropy: no share": ("cross_entropy.cu", "share * (expf", "(expf"),
    "gelu: a number too many": ("activations.cu", "if (i >= size)", "if (i > size)"),
    "gelu: the inner derivative forgotten": ("activations.cu", "3 * 0.044715f", "0.044715f"),
    "gelu_erf: the density forgotten": ("activations.cu", "(phi[i] + x[i] * density)", "phi[i]"),
    "softmax: one key too far": ("softmax.cu", "keys - queries + 1", "keys - queries + 2"),
    "softmax: a window too wide": ("softmax.cu", "end - window : 0", "end - window - 1 : 0"),
    "softmax: what is not seen is left out": ("softmax.cu", "p[j] = begin <= j && j < end ?", "if (begin <= j && j < end) p[j] = 1 ?"),
    "softmax: the sum of a warp for that of the row": ("softmax.cu", "sum = block_sum(sum);", "sum = over_warp<sum_of>(sum);"),
    "adamw: a weight too many": ("adamw.cu", "if (i >= size)", "if (i > size)"),
    "adamw: the square forgotten": ("adamw.cu", "rest2 * g[i] * g[i]", "rest2 * g[i]"),
    "adamw: no decay": ("adamw.cu", "*shrink * w[i]", "w[i]"),
    "adamw: 1 - β in float32": ("adamw.cu", "rest2 * g[i]", "(1 - beta2) * g[i]"),
    "attention: tiles read before they are there": ("attention.cu", SYNC + "the tiles are there", ""),
    "attention: tiles overwritten while they are read": ("attention.cu", SYNC + "all have used the tiles before", ""),
    "attention: what was added up is not corrected": ("attention.cu", "EACH(d) a[d] *= shrink;", ""),
    "attention: a window too wide": ("attention.cu", "keys - queries - window", "keys - queries - window - 1"),
    "attention: a query sees the next key": ("attention.cu", "query + 1 + keys - queries : keys", "query + 2 + keys - queries : keys"),
    "attention: a query too many": ("attention.cu", "if (query >= queries) return;", "if (query > queries) return;"),
    "attention: dy · y forgotten": ("attention.cu", "dot(dy_row, v_tile[j]) - sum", "dot(dy_row, v_tile[j])"),
    "attention: a key of the next text": ("attention.cu", "first + i / WIDTH < rows", "true"),
    "attention: the last queries forgotten": ("attention.cu", "queries) + window :", "queries) + window - 1 :"),
    "dropout: the same numbers twice": ("dropout.cu", "(drawn + i + 1)", "(i + 1)"),
    "dropout: 32 bits of 64": ("dropout.cu", "unsigned long long z", "unsigned z"),
    "dropout: what is kept is not scaled": ("dropout.cu", "? scale", "? 1"),
}  # fmt: skip


@pytest.fixture
def emulated(gpu, monkeypatch):
    if "stand-in" not in gpu.cuda.runtime.getDeviceProperties(0)["name"].decode():
        pytest.skip("a card has no order of threads to choose, and a bug could do harm")
    launching._module.cache_clear()
    launching._kernel.cache_clear()
    yield gpu
    launching._module.cache_clear()
    launching._kernel.cache_clear()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("file", SPECIMENS)
def test_the_order_of_the_threads_is_all_the_same(emulated, monkeypatch, file, reverse):
    monkeypatch.setattr(raw_module, "reverse", reverse)
    SPECIMENS[file](emulated)


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_seen(emulated, monkeypatch, bug):
    file, right, wrong = BUGS[bug]
    source = launching.source
    assert right in source(file)
    monkeypatch.setattr(launching, "source", lambda *what: source(*what).replace(right, wrong))
    seen = 0
    for reverse in (False, True):
        monkeypatch.setattr(raw_module, "reverse", reverse)
        try:
            SPECIMENS[file](emulated)
        except (AssertionError, RuntimeError, IndexError):
            seen += 1
    assert seen
