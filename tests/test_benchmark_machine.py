"""The line that says where a figure was measured."""

import pytest

from benchmarks import machine


@pytest.mark.parametrize(("coretype", "told"), [("Haswell", " as OPENBLAS_CORETYPE has it"), (None, "")])
def test_it_names_the_kernels_of_the_matrix_products(monkeypatch, coretype, told):
    libraries = [{"internal_api": "openmp"}, {"internal_api": "openblas", "architecture": "SkylakeX"}]
    monkeypatch.setattr(machine, "threadpool_info", lambda: libraries)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    if coretype:
        monkeypatch.setenv("OPENBLAS_CORETYPE", coretype)
    assert f"(OpenBLAS for SkylakeX{told})" in machine.machine("numpy", "threadpoolctl")


def test_another_library_has_no_such_names(monkeypatch):
    monkeypatch.setattr(machine, "threadpool_info", lambda: [{"internal_api": "mkl"}])
    assert machine.kernels() == ""
